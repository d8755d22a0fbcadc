"""MoveIt's planning scene over real DDS: plans avoid its objects and what the arm carries, and fail in its words."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from geometry_msgs.msg import TransformStamped
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from genmodels_interfaces.msg import ExecutionValidity, ObstacleArray, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories, VerifyTrajectory
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.poses import to_pose
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.conversions.trajectories import to_trajectory
from genmodels_ros.conversions.transforms import TRANSFORMS
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.scene.placed import quaternion

moveit_msgs = pytest.importorskip("moveit_msgs.msg", reason="moveit_msgs is no wheel: it comes with MoveIt")
from moveit_msgs.msg import (  # noqa: E402
    AllowedCollisionEntry,
    AttachedCollisionObject,
    CollisionObject,
    Constraints,
    JointConstraint,
    LinkPadding,
    LinkScale,
    MotionPlanRequest,
    MoveItErrorCodes,
    OrientationConstraint,
    PlanningScene,
    PositionConstraint,
)
from moveit_msgs.srv import GetMotionPlan, GetPlanningScene  # noqa: E402

ROBOT = load_robot("panda")
START, GOAL = ROBOT.ready, ROBOT.ready + np.array([0.8, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3])
TURN = np.eye(7)[0]
NAME = "planned/trajectory_generator"
FINGERS = ["panda_leftfinger", "panda_rightfinger"]
EMPTY = PlanningScene(is_diff=False)


class MoveGroup:
    """As much of move_group as sends its scene: the topic, and the service once asked for."""

    def __init__(self, graph, node, wait_until):
        self._graph, self.node, self._wait_until = graph, node, wait_until
        self._scenes = graph.publisher(PlanningScene, "planned/monitored_planning_scene", QoSProfile(depth=100))
        self._states = graph.publisher(JointState, "planned/joint_states")
        assert wait_until(lambda: self._scenes.get_subscription_count() and self._states.get_subscription_count())
        self.stands_at(START)

    def stands_at(self, q):
        self._states.publish(state_of(q))
        assert self._wait_until(lambda: self.node.state._recent and np.allclose(self.node.state.current(), q))

    def sends(self, message):
        before = self.node.scene_input.planning_scene.objects
        self._scenes.publish(message)
        assert self._wait_until(lambda: self.node.scene_input.planning_scene.objects is not before)

    def plans(self, *goals, **fields):
        request = MotionPlanRequest(group_name="panda_arm", goal_constraints=list(goals or [joint_goal()]), **fields)
        request.start_state.is_diff = True
        return self.asks(request)

    def asks(self, request):
        request = GetMotionPlan.Request(motion_plan_request=request)
        return self._graph.call(GetMotionPlan, f"{NAME}/plan_kinematic_path", request).motion_plan_response


@pytest.fixture(scope="module")
def node(started):
    parameters = {"joint_states.max_age": 60.0, "sampling.num_samples": 8}
    return started(TrajectoryGeneratorNode, "planned", parameters)


@pytest.fixture(scope="module")
def everything(graph, node, wait_until):
    return MoveGroup(graph, node, wait_until)


@pytest.fixture
def moveit(everything):
    yield everything
    everything.sends(EMPTY)
    everything.stands_at(START)


def state_of(q) -> JointState:
    return JointState(name=list(ROBOT.joint_names), position=list(map(float, q)), velocity=[0.0] * 7)


def joint_goal(q=GOAL) -> Constraints:
    constraints = [
        JointConstraint(joint_name=name, position=float(value), tolerance_above=1e-3, tolerance_below=1e-3)
        for name, value in zip(ROBOT.joint_names, q, strict=True)
    ]
    return Constraints(joint_constraints=constraints)


def pose_goal(link="panda_link8", frame="panda_link0", q=GOAL) -> Constraints:
    pose = link_pose(ROBOT.chain, torch.as_tensor(q), link).numpy()
    message = to_pose(pose[:3, 3], quaternion(pose[:3, :3]))
    place = PositionConstraint(header=Header(frame_id=frame), link_name=link)
    place.constraint_region.primitives = [SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[1e-3])]
    place.constraint_region.primitive_poses = [message]
    turn = OrientationConstraint(header=Header(frame_id=frame), link_name=link, orientation=message.orientation)
    return Constraints(position_constraints=[place], orientation_constraints=[turn])


def thing(id, place=(0, 0, 0), size=(0.05, 0.05, 0.05), frame="panda_link0", operation=CollisionObject.ADD):
    message = CollisionObject(header=Header(frame_id=frame), id=id, operation=operation)
    message.pose = to_pose(place, (0, 0, 0, 1))
    message.primitives = [SolidPrimitive(type=SolidPrimitive.BOX, dimensions=list(map(float, size)))]
    message.primitive_poses = [to_pose((0, 0, 0), (0, 0, 0, 1))]
    return message


def held(id="stick", length=0.4, touch=FINGERS) -> AttachedCollisionObject:
    """A stick out of the hand."""
    subject = thing(id, (0, 0, 0.08 + length / 2), (0.02, 0.02, length), "panda_hand")
    return AttachedCollisionObject(link_name="panda_hand", object=subject, touch_links=list(touch))


def difference(*things, attached=()) -> PlanningScene:
    message = PlanningScene(is_diff=True)
    message.robot_state.is_diff = True
    message.world.collision_objects = list(things)
    message.robot_state.attached_collision_objects = list(attached)
    return message


def hand(q) -> np.ndarray:
    return link_pose(ROBOT.chain, torch.as_tensor(q), "panda_hand").numpy()


def ends_at(answer, q) -> bool:
    return np.allclose(answer.trajectory.joint_trajectory.points[-1].positions, q, atol=1e-6)


# --- Plans


@pytest.mark.parametrize("goal", [joint_goal(), pose_goal(), pose_goal("panda_hand")], ids=["joints", "link8", "hand"])
def test_a_plan_is_verified_starts_where_the_arm_is_and_ends_at_the_goal(graph, moveit, goal):
    answer = moveit.plans(goal, allowed_planning_time=5.0)
    assert answer.error_code.val == MoveItErrorCodes.SUCCESS, answer.error_code.message
    assert answer.group_name == "panda_arm" and 0 < answer.planning_time < 5.0
    trajectory = answer.trajectory.joint_trajectory
    np.testing.assert_allclose(trajectory.points[0].positions, START, atol=1e-6)
    np.testing.assert_allclose(answer.trajectory_start.joint_state.position, START, atol=1e-6)
    reached = hand(np.array(trajectory.points[-1].positions))
    np.testing.assert_allclose(reached, hand(GOAL), atol=2e-3)
    assert graph.call(VerifyTrajectory, f"{NAME}/verify", VerifyTrajectory.Request(trajectory=trajectory)).valid


def test_the_first_goal_that_can_be_reached_is(moveit):
    moveit.sends(difference(thing("block", hand(GOAL)[:3, 3], (0.1, 0.1, 0.1))))
    other = START - 0.5 * TURN
    answer = moveit.plans(joint_goal(GOAL), joint_goal(other))
    assert answer.error_code.val == MoveItErrorCodes.SUCCESS and ends_at(answer, other)
    answer = moveit.plans(joint_goal(GOAL))
    assert answer.error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION and "block" in answer.error_code.message


def test_slower_is_slower(moveit):
    fast, slow = (moveit.plans(max_velocity_scaling_factor=f) for f in (1.0, 0.2))
    ends = [answer.trajectory.joint_trajectory.points[-1].time_from_start for answer in (fast, slow)]
    assert to_seconds(ends[1]) > 2 * to_seconds(ends[0])


def test_failures_have_moveit_s_own_codes(moveit):
    far = pose_goal()
    far.position_constraints[0].constraint_region.primitive_poses[0].position.x = 3.0
    assert moveit.plans(far).error_code.val == MoveItErrorCodes.NO_IK_SOLUTION
    assert moveit.plans(allowed_planning_time=1e-4).error_code.val == MoveItErrorCodes.TIMED_OUT
    assert moveit.plans(pose_goal(frame="moon")).error_code.val == MoveItErrorCodes.FRAME_TRANSFORM_FAILURE
    assert moveit.plans(Constraints()).error_code.val == MoveItErrorCodes.INVALID_GOAL_CONSTRAINTS
    assert moveit.plans(path_constraints=joint_goal()).error_code.val == MoveItErrorCodes.PLANNING_FAILED
    wrong = moveit.asks(MotionPlanRequest(group_name="legs", goal_constraints=[joint_goal()]))
    assert wrong.error_code.val == MoveItErrorCodes.INVALID_GROUP_NAME and "panda_arm" in wrong.error_code.message
    assert moveit.asks(MotionPlanRequest()).error_code.val == MoveItErrorCodes.INVALID_GROUP_NAME
    moveit.sends(difference(thing("hat", hand(START)[:3, 3])))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.START_STATE_IN_COLLISION and "hat" in answer.error_code.message
    moveit.sends(EMPTY)
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS, "and the node goes on serving"


def test_an_inactive_node_says_so(node, moveit):
    node.trigger_deactivate()
    try:
        answer = moveit.plans()
        assert answer.error_code.val == MoveItErrorCodes.FAILURE and "NOT_ACTIVE" in answer.error_code.message
    finally:
        node.trigger_activate()
        moveit.stands_at(START)


# --- The scene


def test_objects_are_avoided_by_every_request_until_they_are_removed(graph, node, moveit):
    moveit.sends(difference(thing("wall", hand(START + 0.4 * TURN)[:3, 3], (0.02, 0.02, 0.6))))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.SUCCESS
    straight = GenerateTrajectories.Request(
        request=TrajectoryRequest(start=state_of(START), joint_goal=state_of(GOAL), num_samples=8)
    )
    around = graph.call(GenerateTrajectories, f"{NAME}/generate", straight).result.candidates[0]
    moveit.sends(difference(CollisionObject(id="wall", operation=CollisionObject.REMOVE)))
    through = graph.call(GenerateTrajectories, f"{NAME}/generate", straight).result.candidates[0]
    assert through.length < around.length and around.min_clearance < through.min_clearance


def test_both_kinds_of_obstacles_count(graph, node, moveit, wait_until):
    obstacles = graph.publisher(ObstacleArray, "planned/obstacles", LATCHED)
    ball = Scene((Sphere(hand(GOAL)[:3, 3], 0.1, "ball"),))
    moveit.sends(difference(thing("cube", (0.0, -0.6, 0.3))))
    try:
        obstacles.publish(to_obstacle_array(ball, Header()))
        assert wait_until(lambda: {o.id for o in node.scene_input.scene().obstacles} == {"ball", "cube"})
        assert moveit.plans().error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION
    finally:
        obstacles.publish(to_obstacle_array(Scene(), Header()))
        assert wait_until(lambda: len(node.scene_input.scene().obstacles) == 1)
        graph.node.destroy_publisher(obstacles)


def test_what_the_arm_carries_is_kept_clear_of_everything(graph, moveit):
    tip = hand(GOAL) @ [0, 0, 0.4, 1]
    moveit.sends(difference(thing("block", tip[:3])))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS, "the hand alone passes"
    free = moveit.plans().trajectory.joint_trajectory
    moveit.sends(difference(attached=[held()]))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION and "stick" in answer.error_code.message
    verdict = graph.call(VerifyTrajectory, f"{NAME}/verify", VerifyTrajectory.Request(trajectory=free))
    assert verdict.error.value == ErrorCode.TRAJECTORY_IN_COLLISION and "stick touches block" in verdict.error.message
    alone = VerifyTrajectory.Request(trajectory=free, ignore_obstacles_topic=True)
    assert graph.call(VerifyTrajectory, f"{NAME}/verify", alone).valid, "without the block there is room"
    alone.obstacles = to_obstacle_array(Scene((Sphere(tip[:3], 0.02, "ball"),)), Header())
    assert "stick touches ball" in graph.call(VerifyTrajectory, f"{NAME}/verify", alone).error.message
    request = TrajectoryRequest(start=state_of(START), joint_goal=state_of(GOAL), ignore_obstacles_topic=True)
    request.obstacles = alone.obstacles
    result = graph.call(GenerateTrajectories, f"{NAME}/generate", GenerateTrajectories.Request(request=request)).result
    assert result.error.value == ErrorCode.GOAL_IN_COLLISION, "what it carries cannot be ignored"
    back = joint_goal(START - 0.5 * TURN)
    assert moveit.plans(back).error_code.val == MoveItErrorCodes.SUCCESS, "elsewhere there is room for the stick"
    let_go = AttachedCollisionObject(object=CollisionObject(id="stick", operation=CollisionObject.REMOVE))
    moveit.sends(difference(CollisionObject(id="stick", operation=CollisionObject.REMOVE), attached=[let_go]))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS


def test_what_it_carries_may_not_touch_what_it_was_not_allowed_to(moveit):
    fat = held()
    fat.object.primitives[0].dimensions = [0.2, 0.2, 0.2]
    fat.object.pose = to_pose((0, 0, 0.05), (0, 0, 0, 1))
    fat.touch_links = []
    moveit.sends(difference(attached=[fat]))
    assert moveit.plans().error_code.val == MoveItErrorCodes.START_STATE_IN_COLLISION
    fat.touch_links = [*FINGERS, "panda_link7", "panda_link6", "panda_link5"]
    moveit.sends(difference(attached=[fat]))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS


# --- Who may touch whom, and how near


def matrix(*pairs, names=(), defaults=()) -> PlanningScene:
    """A difference with a matrix that allows pairs, and forbids all others of the names."""
    message, names = difference(), sorted({*names, *(name for pair in pairs for name in pair)})
    allowed = message.allowed_collision_matrix
    allowed.entry_names = names
    allowed.entry_values = [
        AllowedCollisionEntry(enabled=[{one, two} in map(set, pairs) for two in names]) for one in names
    ]
    allowed.default_entry_names, allowed.default_entry_values = list(defaults), [True] * len(defaults)
    return message


def grasped() -> CollisionObject:
    """A block that the fingertips, and nothing else of the arm, reach into at the goal."""
    turn = quaternion(hand(GOAL)[:3, :3])
    block = thing("block", (0, 0, 0), (0.02, 0.1, 0.04))
    block.pose = to_pose((hand(GOAL) @ [0, 0, 0.125, 1])[:3], turn)
    return block


def padded(**padding) -> PlanningScene:
    message = difference()
    message.link_padding = [LinkPadding(link_name=link, padding=value) for link, value in padding.items()]
    return message


def test_the_fingers_reach_into_what_they_may_touch_and_not_otherwise(graph, moveit):
    moveit.sends(difference(grasped()))
    refused = moveit.plans()
    assert refused.error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION and "finger" in refused.error_code.message
    moveit.sends(matrix(*((finger, "block") for finger in FINGERS)))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.SUCCESS and ends_at(answer, GOAL)
    verify = VerifyTrajectory.Request(trajectory=answer.trajectory.joint_trajectory)
    assert graph.call(VerifyTrajectory, f"{NAME}/verify", verify).valid
    moveit.sends(matrix((FINGERS[0], "block"), names=FINGERS))
    verdict = graph.call(VerifyTrajectory, f"{NAME}/verify", verify)
    assert not verdict.valid and "panda_rightfinger touches block" in verdict.error.message
    assert moveit.plans().error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION, "the matrix is replaced as a whole"


def test_an_object_allowed_by_default_may_be_touched_by_all(moveit):
    inside = thing("block", hand(GOAL)[:3, 3], (0.1, 0.1, 0.1))
    moveit.sends(difference(inside))
    assert moveit.plans().error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION
    moveit.sends(matrix(names=["block"], defaults=["block"]))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS
    moveit.sends(matrix(names=["block", "panda_hand"], defaults=["block"]))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION and "panda_hand" in answer.error_code.message


def test_what_it_carries_and_its_own_links_go_by_the_matrix_too(moveit):
    tip = hand(GOAL) @ [0, 0, 0.4, 1]
    moveit.sends(difference(thing("block", tip[:3]), attached=[held(touch=[])]))
    assert "stick" in moveit.plans().error_code.message
    moveit.sends(matrix(*((finger, "stick") for finger in FINGERS)))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION and "block" in answer.error_code.message
    moveit.sends(matrix(*((other, "stick") for other in [*FINGERS, "block"])))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS


def test_the_matrix_speaks_of_the_planning_scene_alone(graph, node, moveit, wait_until):
    """Another source may call another thing by the same name."""
    obstacles = graph.publisher(ObstacleArray, "planned/obstacles", LATCHED)
    moveit.sends(matrix(names=["ball"], defaults=["ball"]))
    try:
        obstacles.publish(to_obstacle_array(Scene((Sphere(hand(GOAL)[:3, 3], 0.1, "ball"),)), Header()))
        assert wait_until(lambda: len(node.scene_input.scene().obstacles) == 1)
        assert moveit.plans().error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION
    finally:
        obstacles.publish(to_obstacle_array(Scene(), Header()))
        assert wait_until(lambda: not node.scene_input.scene().obstacles)
        graph.node.destroy_publisher(obstacles)


def test_padding_closes_a_gap_that_the_arm_passes_without(graph, moveit):
    away = hand(GOAL)[:3, 3] - hand(START)[:3, 3]
    beside_at = hand(GOAL)[:3, 3] + 0.18 * away / np.linalg.norm(away)
    moveit.sends(difference(thing("post", beside_at, (0.02, 0.02, 0.02))))
    free = moveit.plans()
    assert free.error_code.val == MoveItErrorCodes.SUCCESS
    verify = VerifyTrajectory.Request(trajectory=free.trajectory.joint_trajectory)
    moveit.sends(padded(panda_hand=0.08))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION
    assert "panda_hand touches post (padded by 0.08 m)" in answer.error_code.message
    assert "padded" in graph.call(VerifyTrajectory, f"{NAME}/verify", verify).error.message
    verify.ignore_obstacles_topic = True
    assert graph.call(VerifyTrajectory, f"{NAME}/verify", verify).valid
    verify.obstacles = to_obstacle_array(Scene((Sphere(beside_at, 0.01, "ball"),)), Header())
    assert "ball (padded" in graph.call(VerifyTrajectory, f"{NAME}/verify", verify).error.message
    moveit.sends(padded(panda_hand=0.0))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS
    scaled = difference()
    scaled.link_scale = [LinkScale(link_name="panda_hand", scale=2.0)]
    moveit.sends(scaled)
    assert moveit.plans().error_code.val == MoveItErrorCodes.GOAL_IN_COLLISION


def test_a_plan_keeps_its_padding_on_the_way(moveit):
    moveit.stands_at(START - 0.7 * TURN)
    moveit.sends(difference(thing("wall", hand(START)[:3, 3], (0.02, 0.02, 0.6))))
    others = [link for link in ROBOT.chain.link_names if link not in ("panda_hand", *FINGERS)]

    def clearance(answer):
        assert answer.error_code.val == MoveItErrorCodes.SUCCESS, answer.error_code.message
        (wall,) = moveit.node.scene_input.planning_scene.objects.scene.obstacles
        checker = CollisionChecker(ROBOT, Scene((replace(wall, touch_links=tuple(others)),)))
        return checker.min_clearance(to_trajectory(answer.trajectory.joint_trajectory, ROBOT.joint_names).positions)

    assert clearance(moveit.plans(joint_goal(START + 0.7 * TURN))) < 0.03
    moveit.sends(padded(panda_hand=0.03, panda_leftfinger=0.03, panda_rightfinger=0.03))
    assert clearance(moveit.plans(joint_goal(START + 0.7 * TURN))) > 0.03


def test_what_counts_for_nothing_is_said_once(node, moveit, monkeypatch):
    said, scene_input = [], node.scene_input.planning_scene
    monkeypatch.setattr(node.get_logger(), "warning", said.append, raising=True)
    scene_input._remarked.clear()
    for _ in range(2):
        moveit.sends(matrix(("panda_hand", "nobody")))
        moveit.sends(padded(panda_hand=-0.1, elbow=0.1))
        moveit.sends(EMPTY)
    assert len(said) == 3 and all(any(word in one for one in said) for word in ("nobody", "panda_hand", "elbow"))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS


def test_a_matrix_that_cannot_be_read_is_no_permission(moveit):
    broken = matrix(*((finger, "block") for finger in FINGERS))
    broken.allowed_collision_matrix.entry_values = broken.allowed_collision_matrix.entry_values[:1]
    moveit.sends(broken)
    answer = moveit.plans()
    assert answer.error_code.val not in (MoveItErrorCodes.SUCCESS, 0) and "matrix" in answer.error_code.message
    moveit.sends(matrix((FINGERS[0], "block")))
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS


# --- While moving, and again


def test_a_motion_under_way_is_judged_with_what_was_attached_since(graph, node, moveit, wait_until):
    heard = graph.listen(ExecutionValidity, f"{NAME}/execution_valid", LATCHED)
    commands = graph.publisher(JointTrajectory, "planned/joint_trajectory")
    assert wait_until(commands.get_subscription_count)
    slow = moveit.plans(max_velocity_scaling_factor=0.02).trajectory.joint_trajectory
    commands.publish(slow)
    assert wait_until(lambda: any(m.executing and m.valid for m in list(heard)))
    middle = to_trajectory(slow, ROBOT.joint_names).positions[len(slow.points) // 2]
    heard.clear()
    moveit.sends(difference(thing("block", (hand(middle) @ [0, 0, 0.4, 1])[:3]), attached=[held()]))
    assert wait_until(lambda: any(m.executing and not m.valid and "stick" in m.error.message for m in list(heard)))
    graph.node.destroy_publisher(commands)


def test_a_scene_that_says_the_same_again_is_not_judged_again(graph, node, moveit, wait_until):
    """As move_group does whenever the arm moves."""
    moveit.sends(difference(thing("cube", (0.0, -0.6, 0.3)), attached=[held()]))
    before, changes = node.scene_input.planning_scene.objects, []
    changed = node.scene_input.planning_scene._changed
    node.scene_input.planning_scene._changed = lambda: (changes.append(1), changed())
    try:
        for _ in range(3):
            moveit._scenes.publish(difference(thing("cube", (0.0, -0.6, 0.3)), attached=[held()]))
            moveit._scenes.publish(difference())
        moveit.sends(difference(thing("other", (0.0, -0.6, 0.6))))
        assert len(changes) == 1
        assert node.scene_input.planning_scene.objects.objects["stick"] is before.objects["stick"]
    finally:
        node.scene_input.planning_scene._changed = changed


def test_what_cannot_be_read_is_no_free_space(graph, node, moveit):
    errors = node.monitor.num_errors
    moveit.sends(difference(thing("box", frame="moon")))
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.FRAME_TRANSFORM_FAILURE and "moon" in answer.error_code.message
    assert node.monitor.num_errors > errors
    request = TrajectoryRequest(start=state_of(START), joint_goal=state_of(GOAL))
    result = graph.call(GenerateTrajectories, f"{NAME}/generate", GenerateTrajectories.Request(request=request)).result
    assert result.error.value == ErrorCode.UNKNOWN_FRAME
    moveit.sends(difference(thing("box", size=(float("nan"), 1, 1))))
    assert moveit.plans().error_code.val == MoveItErrorCodes.COLLISION_CHECKING_UNAVAILABLE
    octomap = difference(CollisionObject(id="box", operation=CollisionObject.REMOVE))
    octomap.world.octomap.octomap.data, octomap.world.octomap.octomap.id = [1], "ColorOcTree"
    moveit.sends(octomap)
    assert "octomap" in moveit.plans().error_code.message
    moveit.sends(EMPTY)
    assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS


def test_a_message_that_cannot_be_followed_asks_for_the_whole_scene(graph, node, moveit, wait_until, monkeypatch):
    monkeypatch.setattr("genmodels_ros.nodes.arm.planning_scene_input.ASKING", 0.02)
    asked = []
    node.trigger_deactivate()
    service = graph.node.create_service(
        GetPlanningScene, "planned/get_planning_scene", lambda _, response: asked.append(1) or response
    )
    try:
        node.trigger_activate()
        assert wait_until(lambda: asked)
        moveit.stands_at(START)
        broken = difference(thing("cube", (0.0, -0.6, 0.3)))
        broken.fixed_frame_transforms = [TransformStamped(header=Header(frame_id="panda_link0"), child_frame_id="x")]
        broken.fixed_frame_transforms[0].transform.translation.x = float("nan")
        moveit.sends(broken)
        assert wait_until(lambda: len(asked) == 2)
        assert wait_until(lambda: moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS)
    finally:
        graph.node.destroy_service(service)
    moveit.sends(difference(thing("cube", (0.0, -0.6, 0.3))))
    monkeypatch.setattr("genmodels_ros.nodes.arm.planning_scene_input.updated", lambda *_: 1 / 0)  # a bug of ours
    moveit.sends(difference())
    answer = moveit.plans()
    assert answer.error_code.val == MoveItErrorCodes.FAILURE and "INTERNAL_ERROR" in answer.error_code.message
    monkeypatch.undo()


def test_a_scene_of_too_many_solids_is_refused(node, moveit):
    assert node.set_parameters([Parameter("max_obstacles", value=3)])[0].successful
    try:
        moveit.sends(difference(*(thing(str(index), (0.0, -0.5, 0.1 * index)) for index in range(4))))
        answer = moveit.plans()
        assert answer.error_code.val == MoveItErrorCodes.COLLISION_CHECKING_UNAVAILABLE
        assert "max_obstacles" in answer.error_code.message
    finally:
        node.set_parameters([Parameter("max_obstacles", value=1000)])


def test_the_whole_scene_is_asked_for_once_by_who_comes_late(graph, node, moveit, wait_until, monkeypatch):
    monkeypatch.setattr("genmodels_ros.nodes.arm.planning_scene_input.ASKING", 0.02)
    asked = []

    def answer(request, response):
        asked.append(request)
        response.scene.world.collision_objects = [thing("before", (0.0, -0.6, 0.3))]
        return response

    node.trigger_deactivate()
    service = graph.node.create_service(GetPlanningScene, "planned/get_planning_scene", answer)
    try:
        node.trigger_activate()
        assert wait_until(lambda: "before" in node.scene_input.planning_scene.objects.objects)
        moveit.stands_at(START)
        moveit.sends(difference(thing("after", (0.0, -0.6, 0.6))))
        time.sleep(0.2)
        assert set(node.scene_input.planning_scene.objects.objects) == {"before", "after"} and len(asked) == 1
        assert node.details()["planning_scene_objects"] == "2"
    finally:
        graph.node.destroy_service(service)


@pytest.mark.skipif(TRANSFORMS is None, reason="tf2_msgs is no wheel: it comes with an installed ROS 2")
def test_a_planning_frame_that_tf_knows_is_known(graph, node, moveit, wait_until, monkeypatch):
    """Also where tf tells of it later: the scene is asked for again."""
    monkeypatch.setattr("genmodels_ros.nodes.arm.planning_scene_input.ASKING", 0.02)

    def answer(request, response):
        response.scene.world.collision_objects = [thing("crate", (0.0, -0.6, 1.3), frame="workshop")]
        return response

    node.trigger_deactivate()
    service = graph.node.create_service(GetPlanningScene, "planned/get_planning_scene", answer)
    always = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    tf = graph.publisher(TRANSFORMS, "/tf_static", always)
    try:
        node.trigger_activate()
        scene_input = node.scene_input.planning_scene
        assert wait_until(lambda: "crate" in scene_input.objects.problems)
        moveit.stands_at(START)
        assert moveit.plans().error_code.val == MoveItErrorCodes.FRAME_TRANSFORM_FAILURE
        transform = TransformStamped(header=Header(frame_id="workshop"), child_frame_id="panda_link0")
        transform.transform.translation.z = 1.0
        tf.publish(TRANSFORMS(transforms=[TransformStamped(child_frame_id="bad"), transform]))
        assert wait_until(lambda: "crate" in scene_input.objects.objects)
        np.testing.assert_allclose(scene_input.objects.scene.obstacles[0].center, (0.0, -0.6, 0.3))
        assert moveit.plans(pose_goal(frame="workshop")).error_code.val == MoveItErrorCodes.NO_IK_SOLUTION
        assert moveit.plans().error_code.val == MoveItErrorCodes.SUCCESS
    finally:
        graph.node.destroy_service(service)
        graph.node.destroy_publisher(tf)
