"""The trajectory generator as its clients see it: service, action, verification, topics, and every wrong question."""

import threading
import time

import numpy as np
import pytest
import torch
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from genmodels_interfaces.action import GenerateTrajectories as GenerateTrajectoriesAction
from genmodels_interfaces.msg import Obstacle, ObstacleArray, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories, VerifyTrajectory
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.trajectories import to_trajectory
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Scene, Sphere

ROBOT = load_robot("panda")
START = ROBOT.ready
GOAL = START + np.array([0.5, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3])
POST = Scene((Box(center=(0.5, 0.25, 0.3), dims=(0.05, 0.05, 0.6), id="post"),))


@pytest.fixture(scope="module")
def node(started):
    return started(TrajectoryGeneratorNode)


def state_of(q, names=ROBOT.joint_names) -> JointState:
    return JointState(name=list(names), position=[float(value) for value in q])


def obstacles_of(scene, frame="panda_link0") -> ObstacleArray:
    return to_obstacle_array(scene, Header(frame_id=frame))


def request_of(**fields) -> TrajectoryRequest:
    return TrajectoryRequest(
        **{"start": state_of(START), "joint_goal": state_of(GOAL), "num_samples": 4, "seed": 1, **fields}
    )


def generate(graph, **fields):
    request = GenerateTrajectories.Request(request=request_of(**fields))
    return graph.call(GenerateTrajectories, "trajectory_generator/generate", request).result


def verify(graph, trajectory, **fields):
    request = VerifyTrajectory.Request(trajectory=trajectory, **fields)
    return graph.call(VerifyTrajectory, "trajectory_generator/verify", request)


# --- What it is for


def test_candidates_are_ranked_verified_and_end_at_the_goal(graph, node):
    result = generate(graph, obstacles=obstacles_of(POST), num_samples=8)
    assert result.error.value == ErrorCode.SUCCESS and result.candidates
    scores = [candidate.score for candidate in result.candidates]
    assert scores == sorted(scores)
    for candidate in result.candidates:
        trajectory = candidate.trajectory
        assert trajectory.header.frame_id == "panda_link0"
        assert trajectory.header.stamp == Time(), "a controller would skip what lies before a stamp of the past"
        np.testing.assert_allclose(trajectory.points[0].positions, START, atol=1e-6)
        np.testing.assert_allclose(trajectory.points[-1].positions, GOAL, atol=1e-6)
        assert candidate.min_clearance > 0
        verdict = verify(graph, trajectory, obstacles=obstacles_of(POST))
        assert verdict.valid and verdict.error.value == ErrorCode.SUCCESS and np.isnan(verdict.first_invalid_time)
        assert verdict.length == pytest.approx(candidate.length, rel=1e-3)


def test_joints_may_come_in_any_order(graph, node):
    mixed = list(reversed(range(7)))
    names = [ROBOT.joint_names[index] for index in mixed]
    result = generate(graph, start=state_of(START[mixed], names), joint_goal=state_of(GOAL[mixed], names))
    assert result.error.value == ErrorCode.SUCCESS
    np.testing.assert_allclose(result.candidates[0].trajectory.points[-1].positions, GOAL, atol=1e-6)


def set_max_age(node, seconds) -> bool:
    return node.set_parameters([Parameter("joint_states.max_age", value=seconds)])[0].successful


def test_the_current_state_is_the_start_when_asked_for(graph, node, wait_until):
    request = {"use_current_state": True, "start": JointState()}
    assert generate(graph, **request).error.value == ErrorCode.NO_ROBOT_STATE
    current = START + 0.1
    assert set_max_age(node, 60.0)
    publisher = graph.publisher(JointState, "joint_states")
    assert wait_until(lambda: publisher.get_subscription_count())
    publisher.publish(state_of([*current, 0.04], [*ROBOT.joint_names, "panda_finger_joint1"]))
    assert wait_until(lambda: node.state._recent)
    publisher.publish(state_of([0.04], ["panda_finger_joint1"]))  # another publisher's part of the robot
    result = generate(graph, **request)
    assert result.error.value == ErrorCode.SUCCESS, result.error.message
    np.testing.assert_allclose(result.candidates[0].trajectory.points[0].positions, current, atol=1e-6)
    assert set_max_age(node, 0.05)
    time.sleep(0.06)
    assert generate(graph, **request).error.value == ErrorCode.NO_ROBOT_STATE, "an old state is no current state"
    assert set_max_age(node, 1.0)


def test_candidates_are_shown_to_late_subscribers(graph, node, wait_until):
    result = generate(graph)
    received = graph.listen(MarkerArray, "trajectory_generator/candidates", LATCHED)
    assert wait_until(lambda: received)
    lines = [marker for marker in received[-1].markers if marker.action == Marker.ADD]
    assert len(lines) == len(result.candidates)
    assert lines[0].color.g > lines[0].color.r, "the best is green"


def test_the_samples_are_shown_after_every_step_when_asked_for(graph, node, wait_until):
    shown = graph.listen(MarkerArray, "trajectory_generator/denoising", QoSProfile(depth=100))
    assert wait_until(lambda: node.count_subscribers(node.resolve_topic_name("~/denoising")))
    generate(graph)
    assert generate(graph, show_denoising=True).error.value == ErrorCode.SUCCESS
    assert wait_until(lambda: len(shown) >= 4), "only of the second request, and one after every step"
    steps = [[marker for marker in message.markers if marker.action == Marker.ADD] for message in shown]
    assert {len(lines) for lines in steps} == {4}, "a line a sample"
    start, goal = (link_pose(ROBOT.chain, torch.as_tensor(q), ROBOT.tool_frame)[:3, 3].numpy() for q in (START, GOAL))
    for line in steps[-1]:
        ends = [[point.x, point.y, point.z] for point in (line.points[0], line.points[-1])]
        np.testing.assert_allclose(ends, [start, goal], atol=1e-3)


def test_obstacles_of_the_topic_count_unless_ignored(graph, node, wait_until):
    around_the_hand = Scene((Sphere(center=(0.3, 0.0, 0.6), radius=0.2, id="ball"),))
    publisher = graph.publisher(ObstacleArray, "obstacles", LATCHED)
    try:
        publisher.publish(obstacles_of(around_the_hand))
        assert wait_until(lambda: node.scene_input._described.obstacles)
        answer = generate(graph)
        assert answer.error.value == ErrorCode.START_IN_COLLISION and "ball" in answer.error.message
        assert generate(graph, ignore_obstacles_topic=True).error.value == ErrorCode.SUCCESS
        publisher.publish(obstacles_of(around_the_hand, frame="camera"))
        assert wait_until(lambda: node.scene_input._error)
        assert generate(graph).error.value == ErrorCode.UNKNOWN_FRAME, "a scene we could not read is not an empty one"
    finally:
        publisher.publish(obstacles_of(Scene()))
        assert wait_until(lambda: not node.scene_input._described.obstacles and not node.scene_input._error)
        graph.node.destroy_publisher(publisher)
    assert generate(graph).error.value == ErrorCode.SUCCESS


# --- Wrong questions


def pose_goal(x=0.4, frame="panda_link0", w=0.0) -> dict:
    pose = PoseStamped(header=Header(frame_id=frame))
    pose.pose.position.x, pose.pose.position.z = x, 0.5
    pose.pose.orientation.x, pose.pose.orientation.w = 1.0, w
    return {"joint_goal": JointState(), "has_pose_goal": True, "pose_goal": pose}


def primitive(kind, *sizes) -> dict:
    solid = SolidPrimitive(type=kind, dimensions=[float(size) for size in sizes])
    return {"obstacles": ObstacleArray(obstacles=[Obstacle(id="thing", primitive=solid)])}


def with_weights(**weights) -> dict:
    request = TrajectoryRequest()
    for name, value in weights.items():
        setattr(request.weights, name, value)
    return {"weights": request.weights}


def changed(q, index, value):
    q = np.array(q)
    q[index] = value
    return state_of(q)


NAN = float("nan")
WRONG = {
    "unknown joint": ({"start": state_of(START, [*ROBOT.joint_names[:-1], "elbow"])}, ErrorCode.UNKNOWN_JOINT),
    "missing joint": ({"start": state_of(START[:6], ROBOT.joint_names[:6])}, ErrorCode.MISSING_JOINT),
    "no names": ({"start": JointState(position=START.tolist())}, ErrorCode.WRONG_LENGTH),
    "no start": ({"start": JointState()}, ErrorCode.MISSING_JOINT),
    "too few positions": ({"start": state_of(START[:5])}, ErrorCode.WRONG_LENGTH),
    "joint twice": ({"start": state_of([*START, 0.0], [*ROBOT.joint_names, "panda_joint1"])}, ErrorCode.WRONG_LENGTH),
    "NaN start": ({"start": changed(START, 3, NAN)}, ErrorCode.NOT_FINITE),
    "infinite goal": ({"joint_goal": changed(GOAL, 3, float("inf"))}, ErrorCode.NOT_FINITE),
    "start out of limits": ({"start": changed(START, 3, 1.0)}, ErrorCode.START_OUT_OF_LIMITS),
    "goal out of limits": ({"joint_goal": changed(GOAL, 0, 4.0)}, ErrorCode.GOAL_OUT_OF_LIMITS),
    "no goal": ({"joint_goal": JointState()}, ErrorCode.NO_GOAL),
    "goal in another frame": (pose_goal(frame="odom"), ErrorCode.UNKNOWN_FRAME),
    "goal out of reach": (pose_goal(x=5.0), ErrorCode.GOAL_UNREACHABLE),
    "goal without orientation": (pose_goal(w=1.0), ErrorCode.NOT_FINITE),
    "NaN goal pose": (pose_goal(x=NAN), ErrorCode.NOT_FINITE),
    "obstacles in another frame": ({"obstacles": obstacles_of(POST, "map")}, ErrorCode.UNKNOWN_FRAME),
    "flat box": (primitive(SolidPrimitive.BOX, 1, 1, 0), ErrorCode.INVALID_OBSTACLE),
    "NaN sphere": (primitive(SolidPrimitive.SPHERE, NAN), ErrorCode.INVALID_OBSTACLE),
    "box of two sides": (primitive(SolidPrimitive.BOX, 1, 1), ErrorCode.INVALID_OBSTACLE),
    "cone": (primitive(SolidPrimitive.CONE, 1, 1), ErrorCode.INVALID_OBSTACLE),
    "too many obstacles": ({"obstacles": ObstacleArray(obstacles=[Obstacle()] * 1001)}, ErrorCode.INVALID_COUNT),
    "too many samples": ({"num_samples": 4_000_000_000}, ErrorCode.INVALID_COUNT),
    "scaling above 1": ({"velocity_scaling": 1.5}, ErrorCode.INVALID_SCALING),
    "negative scaling": ({"acceleration_scaling": -0.1}, ErrorCode.INVALID_SCALING),
    "NaN scaling": ({"velocity_scaling": NAN}, ErrorCode.INVALID_SCALING),
    "negative weight": (with_weights(length=-1.0), ErrorCode.INVALID_WEIGHTS),
    "NaN weight": (with_weights(clearance=NAN), ErrorCode.INVALID_WEIGHTS),
    "negative time": ({"time_limit": -1.0}, ErrorCode.TIME_LIMIT),
    "NaN time": ({"time_limit": NAN}, ErrorCode.TIME_LIMIT),
    "no time at all": ({"time_limit": 1e-6}, ErrorCode.TIME_LIMIT),
    "obstacle over the goal": (
        {"obstacles": obstacles_of(Scene((Sphere(center=(0.35, 0.25, 0.45), radius=0.12, id="ball"),)))},
        ErrorCode.GOAL_IN_COLLISION,
    ),
}


@pytest.mark.parametrize(("fields", "code"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_has_its_own_code_and_leaves_the_node_serving(graph, node, fields, code):
    result = generate(graph, **fields)
    assert ErrorCode(result.error.value) == code, result.error.message
    assert result.error.message.endswith(".") and not result.candidates
    assert generate(graph, num_samples=1).error.value == ErrorCode.SUCCESS


# --- Verification


def test_verification_finds_contact_and_haste(graph, node):
    trajectory = generate(graph).candidates[0].trajectory
    middle = trajectory.points[len(trajectory.points) // 2]
    tool = node.markers.tool_path(to_trajectory(trajectory, ROBOT.joint_names))
    wall = Scene((Sphere(center=tool[len(tool) // 2], radius=0.05, id="ball"),))
    verdict = verify(graph, trajectory, obstacles=obstacles_of(wall))
    assert not verdict.valid and verdict.error.value == ErrorCode.TRAJECTORY_IN_COLLISION
    duration = trajectory.points[-1].time_from_start
    assert 0 <= verdict.first_invalid_time < duration.sec + duration.nanosec * 1e-9
    middle.positions[0] += 0.5
    verdict = verify(graph, trajectory)
    assert not verdict.valid and verdict.error.value == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


def test_verification_refuses_what_it_cannot_judge(graph, node):
    trajectory = generate(graph).candidates[0].trajectory
    trajectory.joint_names[0] = "shoulder"
    assert verify(graph, trajectory).error.value == ErrorCode.UNKNOWN_JOINT
    trajectory.joint_names[0] = "panda_joint1"
    trajectory.points = trajectory.points[:1]
    assert verify(graph, trajectory).error.value == ErrorCode.WRONG_LENGTH


# --- The action


@pytest.fixture(scope="module")
def action(node, goals_to):
    name, every = "trajectory_generator/generate_trajectories", QoSProfile(depth=100)
    return goals_to(GenerateTrajectoriesAction, name, feedback_sub_qos_profile=every)


def goal_of(**fields) -> GenerateTrajectoriesAction.Goal:
    return GenerateTrajectoriesAction.Goal(request=request_of(**fields))


def outcome(answer):
    """The status, and what the action's result holds."""
    return answer.status, answer.result.result


def test_the_action_tells_how_far_it_is_and_succeeds(action, wait_until):
    stages = []
    handle = action.send(goal_of(), stages)
    # before the result is asked for: the client lets go of feedback that comes after it
    assert wait_until(lambda: {"sampling", "refining", "verifying"} <= {feedback.stage for feedback in list(stages)})
    status, result = outcome(action.answer(handle))
    assert status == GoalStatus.STATUS_SUCCEEDED and result.candidates
    assert all(feedback.step <= feedback.num_steps for feedback in stages)


def test_the_action_aborts_with_the_reason(action):
    status, result = outcome(action.ask(goal_of(start=JointState())))
    assert status == GoalStatus.STATUS_ABORTED and result.error.value == ErrorCode.MISSING_JOINT


class Gate:
    """Holds the pipeline in `generate` until opened, still listening to cancellation."""

    def __init__(self, node, monkeypatch):
        self.open, self.entered = threading.Event(), threading.Event()
        generate = node.pipeline.generate

        def gated(query, progress=None, cancelled=None):
            self.entered.set()
            deadline = time.monotonic() + 60.0
            while not self.open.wait(0.01) and not (cancelled and cancelled()) and time.monotonic() < deadline:
                pass
            return generate(query, progress, cancelled)

        monkeypatch.setattr(node.pipeline, "generate", gated)


def test_a_running_goal_can_be_cancelled(node, action, wait_until, monkeypatch):
    gate = Gate(node, monkeypatch)
    handle = action.send(goal_of())
    assert gate.entered.wait(60.0)
    cancelled = handle.cancel_goal_async()
    status, result = outcome(action.answer(handle))
    assert wait_until(cancelled.done)
    assert status == GoalStatus.STATUS_CANCELED and result.error.value == ErrorCode.CANCELLED


def test_requests_wait_their_turn_in_a_bounded_queue(graph, node, action, wait_until, monkeypatch):
    gate = Gate(node, monkeypatch)
    client = graph.node.create_client(
        GenerateTrajectories, "trajectory_generator/generate", qos_profile=QoSProfile(depth=100)
    )
    assert client.wait_for_service(60.0)
    requests = [GenerateTrajectories.Request(request=request_of(num_samples=1, seed=seed)) for seed in range(12)]
    futures = [client.call_async(request) for request in requests]
    refused = 12 - 1 - node.value("queue.depth")
    assert wait_until(lambda: sum(future.done() for future in futures) == refused)
    assert {future.result().result.error.value for future in futures if future.done()} == {ErrorCode.QUEUE_FULL}
    assert not action.send(goal_of()).accepted, "a goal that finds the queue full is rejected at once"
    gate.open.set()
    assert wait_until(lambda: all(future.done() for future in futures))
    codes = [future.result().result.error.value for future in futures]
    assert codes.count(ErrorCode.SUCCESS) == 12 - refused
    graph.node.destroy_client(client)


def test_a_deadline_counts_the_waiting_in_the_queue(graph, node, action, monkeypatch):
    gate = Gate(node, monkeypatch)
    holder = action.send(goal_of())
    assert gate.entered.wait(60.0)
    answer = generate(graph, deadline=0.05)  # while another request is worked on
    assert answer.error.value == ErrorCode.TIME_LIMIT and "0.05 s" in answer.error.message
    assert (answer.robot, tuple(answer.joint_names)) == ("panda", ROBOT.joint_names)
    gate.open.set()
    assert action.answer(holder)[0] == GoalStatus.STATUS_SUCCEEDED
    monkeypatch.undo()
    assert generate(graph, deadline=60.0).error.value == ErrorCode.SUCCESS
    assert generate(graph, deadline=1e-6).error.value == ErrorCode.TIME_LIMIT
    assert generate(graph, deadline=-1.0).error.value == ErrorCode.TIME_LIMIT


def test_a_previous_answer_starts_the_next_one(graph, node):
    first = generate(graph).candidates[0].trajectory
    again = generate(graph, warm_start=first)
    assert again.error.value == ErrorCode.SUCCESS, again.error.message
    first.joint_names[0] = "elbow"
    wrong = generate(graph, warm_start=first)
    assert wrong.error.value == ErrorCode.MISSING_JOINT and "warm start" in wrong.error.message


# --- Lifecycle


def test_an_inactive_node_answers_so_and_stops_running_work(graph, node, action, monkeypatch):
    gate = Gate(node, monkeypatch)
    handle = action.send(goal_of())
    assert gate.entered.wait(60.0)
    node.trigger_deactivate()
    status, result = outcome(action.answer(handle))
    assert status == GoalStatus.STATUS_ABORTED and result.error.value == ErrorCode.CANCELLED
    monkeypatch.undo()
    answer = generate(graph)
    assert answer.error.value == ErrorCode.NOT_ACTIVE and answer.robot == "panda"
    assert not action.send(goal_of()).accepted
    node.trigger_activate()
    assert generate(graph).error.value == ErrorCode.SUCCESS
