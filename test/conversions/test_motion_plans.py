"""MoveIt's request becomes one query a goal, or a refusal in MoveIt's own words; its answer says what was found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from geometry_msgs.msg import Pose, Quaternion, Vector3
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import JointState
from shape_msgs.msg import Mesh, SolidPrimitive

from genmodels_ros.conversions.motion_plans import GET_MOTION_PLAN, fill, fill_failure, to_queries
from genmodels_ros.conversions.moveit_codes import CODES, MoveItCode, to_moveit_code
from genmodels_ros.conversions.poses import to_pose
from genmodels_ros.conversions.requests import RequestDefaults
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.trajectory_query import MODEL, Candidate
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.scene.contact_rules import ContactRules
from genmodels_ros.robots.scene.placed import quaternion
from genmodels_ros.robots.scene.scene_objects import ObjectScene, SceneObject
from genmodels_ros.robots.trajectory import Trajectory

if GET_MOTION_PLAN is None:
    pytest.skip("moveit_msgs is no wheel: it comes with MoveIt", allow_module_level=True)
from moveit_msgs.msg import (
    AttachedCollisionObject,
    CollisionObject,
    Constraints,
    JointConstraint,
    MotionPlanRequest,
    MotionPlanResponse,
    MoveItErrorCodes,
    OrientationConstraint,
    PositionConstraint,
    VisibilityConstraint,
)

ROBOT = load_robot("panda")
GOAL = ROBOT.ready + 0.1
NAN = float("nan")
NOTHING, DEFAULTS = Scene(), RequestDefaults()
CUP = SceneObject("cup", np.eye(4), ((np.eye(4), (Sphere((0, 0, 0.1), 0.03),)),), link="panda_hand")


def joint_goal(q=GOAL, names=ROBOT.joint_names, tolerance=1e-3) -> Constraints:
    return Constraints(
        joint_constraints=[
            JointConstraint(joint_name=name, position=float(v), tolerance_above=tolerance, tolerance_below=tolerance)
            for name, v in zip(names, q, strict=True)
        ]
    )


def pose_goal(pose, link="panda_link8", frame="panda_link0", kind=SolidPrimitive.SPHERE, sizes=(0.001,)) -> Constraints:
    place, turn = PositionConstraint(link_name=link), OrientationConstraint(link_name=link)
    place.header.frame_id = turn.header.frame_id = frame
    message = to_pose(pose[:3, 3], quaternion(pose[:3, :3]))
    place.constraint_region.primitives = [SolidPrimitive(type=kind, dimensions=list(sizes))]
    place.constraint_region.primitive_poses = [Pose(position=message.position)]
    turn.orientation = message.orientation
    for axis in "xyz":
        setattr(turn, f"absolute_{axis}_axis_tolerance", 0.01)
    return Constraints(position_constraints=[place], orientation_constraints=[turn])


def request(*goals, group="panda_arm", **fields) -> MotionPlanRequest:
    return MotionPlanRequest(group_name=group, goal_constraints=list(goals or [joint_goal()]), **fields)


def here() -> np.ndarray:
    return ROBOT.ready


def nowhere() -> np.ndarray:
    raise GenModelsError(ErrorCode.NO_ROBOT_STATE, "Nobody knows where the arm is.")


def queries(message, present=here, told=NOTHING, objects=None, frames=None, defaults=DEFAULTS):
    return to_queries(
        message, ROBOT, ("panda_arm",), present, lambda: told, objects or ObjectScene(), frames or {}, defaults
    )


def pose_of(link, q=GOAL) -> np.ndarray:
    return link_pose(ROBOT.chain, torch.as_tensor(q), link).numpy()


def state(q, names=ROBOT.joint_names) -> JointState:
    return JointState(name=list(names), position=[float(value) for value in q])


def test_the_numbers_are_those_of_moveit():
    for code in MoveItCode:
        assert code == getattr(MoveItErrorCodes, code.name)
    for code in ErrorCode:
        assert to_moveit_code(GenModelsError(code, "")) in MoveItCode
    assert CODES[ErrorCode.START_IN_COLLISION] == MoveItErrorCodes.START_STATE_IN_COLLISION


# --- Start


def test_the_start_is_where_the_arm_is_or_what_the_state_says():
    np.testing.assert_array_equal(queries(request())[0].start, ROBOT.ready)
    message = request()
    message.start_state.joint_state = state([*GOAL, 0.04], [*ROBOT.joint_names, "panda_finger_joint1"])
    np.testing.assert_array_equal(queries(message, nowhere)[0].start, GOAL)
    message.start_state.joint_state = state([0.5], ["panda_joint3"])
    np.testing.assert_array_equal(queries(message)[0].start, [*ROBOT.ready[:2], 0.5, *ROBOT.ready[3:]])
    message.start_state.joint_state = state([0.04], ["panda_finger_joint1"])
    np.testing.assert_array_equal(queries(message)[0].start, ROBOT.ready)


def test_what_is_attached_follows_the_start_state():
    objects, message = ObjectScene().put(CUP), request()
    assert queries(message, objects=objects)[0].scene.attached, "an empty state says nothing of it"
    message.start_state.is_diff = True
    message.start_state.joint_state = state(GOAL)
    assert queries(message, objects=objects)[0].scene.attached
    message.start_state.is_diff = False
    assert not queries(message, objects=objects)[0].scene.attached, "a state that is no difference has all there is"
    ruled = objects.ruled(ContactRules(padding={"panda_hand": 0.02}, links=ROBOT.chain.link_names))
    assert queries(message, objects=ruled)[0].scene.margins, "and says nothing of contacts"
    pen = CollisionObject(id="pen", primitives=[SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[0.01])])
    pen.header.frame_id = "panda_hand"
    message.start_state.attached_collision_objects = [AttachedCollisionObject(link_name="panda_hand", object=pen)]
    assert [thing.id for thing in queries(message, objects=objects)[0].scene.attached] == ["pen"]
    message.start_state.is_diff = True
    assert len(queries(message, objects=objects)[0].scene.attached) == 2


def test_obstacles_of_both_worlds_count():
    around = ObjectScene().put(replace(CUP, link=""))
    ball = Sphere((1, 1, 1), 0.1, "ball")
    assert {o.id for o in queries(request(), told=Scene((ball,)), objects=around)[0].scene.obstacles} == {"cup", "ball"}


# --- Goals


def test_joints_are_reached_exactly_and_others_stay():
    np.testing.assert_allclose(queries(request())[0].goal_config, GOAL)
    partial = request(joint_goal([0.7], ["panda_joint2"]))
    np.testing.assert_allclose(queries(partial)[0].goal_config, [ROBOT.ready[0], 0.7, *ROBOT.ready[2:]])


def test_a_goal_is_moved_into_the_limits_as_far_as_its_tolerance_allows():
    above = ROBOT.limits.upper + 0.005 * np.eye(7)[0]
    np.testing.assert_allclose(queries(request(joint_goal(above, tolerance=0.01)))[0].goal_config, ROBOT.limits.upper)
    with pytest.raises(GenModelsError) as error:
        queries(request(joint_goal(above, tolerance=0.001)))
    assert to_moveit_code(error.value) == MoveItErrorCodes.GOAL_STATE_INVALID


@pytest.mark.parametrize("link", ["panda_hand", "panda_link8", "panda_hand_tcp", "panda_link7"])
def test_a_pose_of_any_link_that_moves_with_the_tool_is_a_pose_of_the_tool(link):
    (query,) = queries(request(pose_goal(pose_of(link), link)))
    np.testing.assert_allclose(query.goal_pose, pose_of("panda_hand"), atol=1e-9)


def test_a_target_point_on_the_link_is_what_is_to_be_there():
    offset, tool = np.array([0.01, -0.02, 0.1]), pose_of("panda_hand")
    at_point = tool.copy()
    at_point[:3, 3] += tool[:3, :3] @ offset
    goal = pose_goal(at_point, "panda_hand", kind=SolidPrimitive.BOX, sizes=(0.01, 0.01, 0.01))
    goal.position_constraints[0].target_point_offset = Vector3(**dict(zip("xyz", map(float, offset), strict=True)))
    np.testing.assert_allclose(queries(request(goal))[0].goal_pose, tool, atol=1e-9)


def test_poses_may_be_given_in_any_known_frame():
    base_from_table = np.array([[0, -1, 0, 0.3], [1, 0, 0, 0.1], [0, 0, 1, -0.5], [0, 0, 0, 1.0]])
    in_table = np.linalg.inv(base_from_table) @ pose_of("panda_hand")
    goal = pose_goal(in_table, "panda_hand", "table")
    (query,) = queries(request(goal), frames={"table": base_from_table})
    np.testing.assert_allclose(query.goal_pose, pose_of("panda_hand"), atol=1e-9)
    objects = ObjectScene().put(SceneObject("table", base_from_table, CUP.shapes))
    np.testing.assert_allclose(queries(request(goal), objects=objects)[0].goal_pose, query.goal_pose)


def test_every_goal_is_a_query_and_the_rest_is_the_same():
    message = request(joint_goal(), pose_goal(pose_of("panda_link8")), allowed_planning_time=3.0)
    message.num_planning_attempts, message.max_velocity_scaling_factor = 4, 0.5
    first, second = queries(message)
    assert first.goal_config is not None and second.goal_config is None
    for query in (first, second):
        assert (query.time_limit, query.velocity_scaling, query.acceleration_scaling) == (3.0, 0.5, 1.0)
        assert query.num_samples == 64


@pytest.mark.parametrize("factor", [0.0, -1.0, 1.5, NAN])
def test_a_factor_out_of_range_is_1_as_the_message_says(factor):
    message = request(max_velocity_scaling_factor=factor, max_acceleration_scaling_factor=factor)
    assert queries(message)[0].velocity_scaling == queries(message)[0].acceleration_scaling == 1.0


def test_time_is_bounded_and_has_a_default():
    defaults = DEFAULTS
    for asked, given_time in ((0.0, defaults.time_limit), (-1.0, defaults.time_limit), (1e9, defaults.max_time_limit)):
        assert queries(request(allowed_planning_time=asked))[0].time_limit == given_time
    assert queries(request(num_planning_attempts=2**31 - 1))[0].num_samples == defaults.max_samples
    assert queries(request(num_planning_attempts=-5))[0].num_samples == defaults.num_samples


# --- Refusals


def changed(goal, change) -> Constraints:
    change(goal)
    return goal


def of_place(change) -> MotionPlanRequest:
    return request(changed(pose_goal(pose_of("panda_link8")), lambda goal: change(goal.position_constraints[0])))


def of_turn(change) -> MotionPlanRequest:
    return request(changed(pose_goal(pose_of("panda_link8")), lambda goal: change(goal.orientation_constraints[0])))


def with_state(joint_state) -> MotionPlanRequest:
    message = request()
    message.start_state.joint_state = joint_state
    return message


ANYWHERE = pose_goal(pose_of("panda_link8"))
WRONG = {
    "no group": (request(group=""), "INVALID_GROUP_NAME"),
    "another group": (request(group="hand"), "INVALID_GROUP_NAME"),
    "no goal": (MotionPlanRequest(group_name="panda_arm"), "INVALID_GOAL_CONSTRAINTS"),
    "an empty goal": (request(Constraints()), "INVALID_GOAL_CONSTRAINTS"),
    "an empty goal beside a good one": (request(joint_goal(), Constraints()), "INVALID_GOAL_CONSTRAINTS"),
    "unknown joint": (request(joint_goal([1.0], ["elbow"])), "INVALID_GOAL_CONSTRAINTS"),
    "a finger": (request(joint_goal([0.01], ["panda_finger_joint1"])), "INVALID_GOAL_CONSTRAINTS"),
    "a joint twice": (request(joint_goal([1.0, 1.1], ["panda_joint1"] * 2)), "INVALID_GOAL_CONSTRAINTS"),
    "NaN goal": (request(joint_goal([NAN], ["panda_joint1"])), "INVALID_GOAL_CONSTRAINTS"),
    "NaN tolerance": (request(joint_goal(tolerance=NAN)), "INVALID_GOAL_CONSTRAINTS"),
    "negative tolerance": (request(joint_goal(tolerance=-0.1)), "INVALID_GOAL_CONSTRAINTS"),
    "beyond the limits": (request(joint_goal([9.0], ["panda_joint1"])), "GOAL_STATE_INVALID"),
    "position alone": (
        request(Constraints(position_constraints=ANYWHERE.position_constraints)),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "orientation alone": (
        request(Constraints(orientation_constraints=ANYWHERE.orientation_constraints)),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "joints and pose": (
        request(
            Constraints(
                joint_constraints=joint_goal().joint_constraints,
                position_constraints=ANYWHERE.position_constraints,
                orientation_constraints=ANYWHERE.orientation_constraints,
            )
        ),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "visibility": (
        request(Constraints(visibility_constraints=[VisibilityConstraint()])),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "two links": (of_turn(lambda turn: setattr(turn, "link_name", "panda_hand")), "INVALID_GOAL_CONSTRAINTS"),
    "unknown link": (request(pose_goal(np.eye(4), "elbow")), "INVALID_LINK_NAME"),
    "no link": (request(pose_goal(np.eye(4), "")), "INVALID_LINK_NAME"),
    "a link that is not the tool": (request(pose_goal(np.eye(4), "panda_link4")), "INVALID_LINK_NAME"),
    "unknown frame": (request(pose_goal(np.eye(4), frame="moon")), "FRAME_TRANSFORM_FAILURE"),
    "NaN position": (
        of_place(lambda place: setattr(place.constraint_region.primitive_poses[0].position, "x", NAN)),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "NaN offset": (of_place(lambda place: setattr(place.target_point_offset, "z", NAN)), "INVALID_GOAL_CONSTRAINTS"),
    "no region": (
        of_place(lambda place: setattr(place.constraint_region, "primitives", [])),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "a region of mesh": (
        of_place(lambda place: setattr(place.constraint_region, "meshes", [Mesh()])),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "a region of a cone": (request(pose_goal(np.eye(4), kind=SolidPrimitive.CONE)), "INVALID_GOAL_CONSTRAINTS"),
    "a region of negative size": (request(pose_goal(np.eye(4), sizes=(-1.0,))), "INVALID_GOAL_CONSTRAINTS"),
    "no orientation": (
        of_turn(lambda turn: setattr(turn, "orientation", Quaternion(w=0.0))),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "NaN orientation tolerance": (
        of_turn(lambda turn: setattr(turn, "absolute_x_axis_tolerance", NAN)),
        "INVALID_GOAL_CONSTRAINTS",
    ),
    "path constraints": (request(path_constraints=joint_goal()), "PLANNING_FAILED"),
    "cartesian speed": (request(max_cartesian_speed=0.1), "PLANNING_FAILED"),
    "too slow": (request(max_velocity_scaling_factor=1e-4), "PLANNING_FAILED"),
    "NaN time": (request(allowed_planning_time=NAN), "FAILURE"),
    "start of an unknown joint": (with_state(state([1.0], ["elbow"])), "INVALID_ROBOT_STATE"),
    "start of NaN": (with_state(state([NAN], ["panda_joint1"])), "INVALID_ROBOT_STATE"),
    "start without positions": (with_state(JointState(name=["panda_joint1"])), "INVALID_ROBOT_STATE"),
    "start twice": (with_state(state([1.0, 1.0], ["panda_joint1"] * 2)), "INVALID_ROBOT_STATE"),
    "start beyond the limits": (with_state(state([9.0], ["panda_joint1"])), "START_STATE_INVALID"),
}


@pytest.mark.parametrize(("message", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_has_moveit_s_own_code_and_a_sentence(message, code):
    with pytest.raises(GenModelsError) as error:
        queries(message)
    response = MotionPlanResponse()
    fill_failure(response, message.group_name, error.value)
    assert response.error_code.val == getattr(MoveItErrorCodes, code), error.value.message
    assert response.error_code.message.endswith(".") and response.group_name == message.group_name
    assert not response.trajectory.joint_trajectory.points


def test_without_a_state_there_is_no_start():
    with pytest.raises(GenModelsError) as error:
        queries(request(), present=nowhere)
    assert to_moveit_code(error.value) == MoveItErrorCodes.ROBOT_STATE_STALE


def test_a_scene_that_cannot_be_read_is_no_free_space():
    broken = ObjectScene().fail("box", GenModelsError(ErrorCode.INVALID_OBSTACLE, "A box of NaN."))
    for message in (request(), with_state(state(GOAL))):
        with pytest.raises(GenModelsError) as error:
            queries(message, objects=broken)
        assert to_moveit_code(error.value) == MoveItErrorCodes.COLLISION_CHECKING_UNAVAILABLE


NUMBER = st.floats() | st.sampled_from([0.0, 0.1, 1.0, -1.0])
NAMES = st.sampled_from([*ROBOT.joint_names[:2], "elbow", ""])
JOINTS = st.builds(
    lambda name, numbers: JointConstraint(
        joint_name=name, position=numbers[0], tolerance_above=numbers[1], tolerance_below=numbers[2]
    ),
    NAMES,
    st.tuples(NUMBER, NUMBER, NUMBER),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(JOINTS, max_size=3), st.lists(NUMBER, max_size=2), st.lists(NAMES, max_size=2), NUMBER, NUMBER)
def test_any_request_is_a_query_or_a_refusal(goals, positions, names, allowed, factor):
    message = request(Constraints(joint_constraints=goals), allowed_planning_time=allowed)
    message.max_velocity_scaling_factor = factor
    message.start_state.joint_state = JointState(name=names, position=positions)
    try:
        for query in queries(message):
            query.check(ROBOT)
    except GenModelsError as error:
        assert error.message.endswith(".") and to_moveit_code(error) in MoveItCode


# --- Answers


def test_the_answer_is_the_trajectory_with_its_start():
    q = np.stack([ROBOT.ready, GOAL])
    motion = Trajectory(ROBOT.joint_names, np.array([0.0, 2.0]), q, 0 * q, 0 * q)
    response = MotionPlanResponse()
    fill(response, ROBOT, "panda_arm", Candidate(motion, MODEL, 1.0, 1.0, 2.0, 0.1, 0.5), 0.25)
    assert (response.error_code.val, response.planning_time) == (MoveItErrorCodes.SUCCESS, 0.25)
    assert response.group_name == "panda_arm" and response.trajectory_start.is_diff
    np.testing.assert_allclose(response.trajectory_start.joint_state.position, ROBOT.ready)
    trajectory = response.trajectory.joint_trajectory
    assert tuple(trajectory.joint_names) == ROBOT.joint_names and trajectory.points[1].time_from_start.sec == 2
    np.testing.assert_allclose(trajectory.points[1].positions, GOAL)
