"""~/execute passes verified trajectories on to a controller, and stops what becomes invalid: with the simulated arm's
controller, and with one that misbehaves.
"""

import threading
import time

import numpy as np
import pytest
import torch
from action_msgs.msg import GoalStatus
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from genmodels_interfaces.msg import ExecutionValidity, ObstacleArray, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.trajectories import to_joint_trajectory, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.nodes.simulation.simulation import SimulationNode
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.trajectory import Trajectory

control_msgs = pytest.importorskip("control_msgs.action", reason="control_msgs is no wheel: it comes with ros2_control")
FOLLOW = control_msgs.FollowJointTrajectory

ROBOT = load_robot("panda")
TURN = np.eye(7)[0]
GOAL = ROBOT.ready + 0.5 * TURN


@pytest.fixture(scope="module")
def simulation(started):
    return started(SimulationNode, "done", {"world": "arm_cell", "rates.camera": 0.0})


@pytest.fixture(scope="module")
def generator(started, simulation):
    return started(TrajectoryGeneratorNode, "done", {"supervision.period": 0.02, "execution.patience": 1.0})


@pytest.fixture(scope="module")
def joints(graph, simulation, wait_until):
    heard = graph.listen(JointState, "done/joint_states")
    assert wait_until(lambda: heard)
    return heard


@pytest.fixture(scope="module")
def client(generator, goals_to):
    return goals_to(FOLLOW, "done/trajectory_generator/execute")


@pytest.fixture
def arm(graph, generator, joints, wait_until):
    """At its start, among no obstacles but the cell's."""
    assert graph.call(Trigger, "done/simulation/reset").success
    assert wait_until(lambda: np.allclose(generator.state.current(), ROBOT.ready, atol=1e-3))
    assert wait_until(lambda: generator.scene_input.scene().obstacles)


def planned(graph, name="done", goal=GOAL, **fields):
    goal = JointState(name=list(ROBOT.joint_names), position=goal.tolist())
    request = TrajectoryRequest(use_current_state=True, joint_goal=goal, num_samples=8, **fields)
    result = graph.call(
        GenerateTrajectories, f"{name}/trajectory_generator/generate", GenerateTrajectories.Request(request=request)
    ).result
    assert result.candidates, result.error
    return result.candidates[0].trajectory


def test_a_verified_trajectory_is_executed_and_watched(graph, generator, client, arm, joints, wait_until):
    heard, told = graph.listen(ExecutionValidity, "done/trajectory_generator/execution_valid", LATCHED), []
    handle = client.send(FOLLOW.Goal(trajectory=planned(graph)), told)
    status, result = client.answer(handle)
    assert (status, result.error_code) == (GoalStatus.STATUS_SUCCEEDED, FOLLOW.Result.SUCCESSFUL), result.error_string
    assert np.allclose(joints[-1].position[:7], GOAL, atol=0.02)
    assert told and told[-1].joint_names == list(ROBOT.joint_names), "the controller's feedback comes through"
    assert wait_until(lambda: any(m.executing and m.valid for m in list(heard)) and not heard[-1].executing)


def test_an_obstacle_on_the_way_stops_it(graph, generator, client, arm, joints, wait_until):
    trajectory = planned(graph, velocity_scaling=0.05)
    path = to_trajectory(trajectory, ROBOT.joint_names).positions
    ahead = link_pose(ROBOT.chain, torch.as_tensor(path[int(0.8 * len(path))]), "panda_hand").numpy()[:3, 3]
    obstacles = graph.publisher(ObstacleArray, "done/obstacles", LATCHED)
    handle = client.send(FOLLOW.Goal(trajectory=trajectory))
    assert wait_until(lambda: abs(joints[-1].position[0] - path[0, 0]) > 0.02)
    cell = generator.scene_input.scene()
    try:
        obstacles.publish(to_obstacle_array(cell + Scene((Sphere(ahead, 0.05, "ball"),)), Header()))
        status, result = client.answer(handle)
        assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, FOLLOW.Result.INVALID_GOAL)
        assert "TRAJECTORY_IN_COLLISION" in result.error_string and "ball" in result.error_string
        stopped = joints[-1].position[0]
        time.sleep(0.3)
        assert joints[-1].position[0] == pytest.approx(stopped, abs=5e-3) and stopped < 0.8 * GOAL[0]
        refused = client.ask(FOLLOW.Goal(trajectory=trajectory))
        assert "starts" in refused[1].error_string
    finally:
        obstacles.publish(to_obstacle_array(cell, Header()))
        assert wait_until(lambda: generator.scene_input.scene().obstacles[-1].id != "ball")
        graph.node.destroy_publisher(obstacles)


def test_a_cancelled_motion_stops(graph, client, arm, joints, wait_until):
    handle = client.send(FOLLOW.Goal(trajectory=planned(graph, velocity_scaling=0.05)))
    assert wait_until(lambda: joints[-1].position[0] > 0.02)
    cancel = handle.cancel_goal_async()
    assert wait_until(cancel.done)
    status, result = client.answer(handle)
    assert status == GoalStatus.STATUS_CANCELED and "holds" in result.error_string
    time.sleep(0.2)
    assert joints[-1].position[0] < 0.4


def test_one_motion_at_a_time(graph, client, arm, joints, wait_until):
    trajectory = planned(graph, velocity_scaling=0.05)
    handle = client.send(FOLLOW.Goal(trajectory=trajectory))
    assert wait_until(lambda: joints[-1].position[0] > 0.01)
    status, result = client.ask(FOLLOW.Goal(trajectory=trajectory))
    assert status == GoalStatus.STATUS_ABORTED and "under way" in result.error_string
    handle.cancel_goal_async()
    assert client.answer(handle)[0] == GoalStatus.STATUS_CANCELED


def test_the_controllers_own_error_comes_through(graph, client, arm):
    goal = FOLLOW.Goal(trajectory=planned(graph, velocity_scaling=0.2))
    goal.path_tolerance = [pytest.importorskip("control_msgs.msg").JointTolerance(name="panda_joint1", position=1e-7)]
    status, result = client.ask(goal)
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, FOLLOW.Result.PATH_TOLERANCE_VIOLATED)


def time_optimal(length=0.3, speed=0.2, acceleration=1.0, period=0.1) -> JointTrajectory:
    """The first joint's motion as MoveIt's time-optimal parameterisation has it: it jumps into full acceleration."""
    rise = speed / acceleration
    duration = length / speed + rise
    times = np.append(np.arange(0, duration - 1e-6, period), duration)
    left = duration - times
    way = np.select(
        [times < rise, left < rise],
        [acceleration * times**2 / 2, length - acceleration * left**2 / 2],
        acceleration * rise**2 / 2 + speed * (times - rise),
    )
    dq, ddq = np.minimum(speed, acceleration * np.minimum(times, left)), np.zeros(len(times))
    ddq[times < rise], ddq[left < rise] = acceleration, -acceleration
    parts = (np.outer(part, TURN) for part in (way, dq, ddq))
    q, dq, ddq = parts
    return to_joint_trajectory(Trajectory(ROBOT.joint_names, times, ROBOT.ready + q, dq, ddq), Header())


def test_a_time_optimal_motion_is_begun_at_rest(client, arm, joints):
    status, result = client.ask(FOLLOW.Goal(trajectory=time_optimal()))
    assert status == GoalStatus.STATUS_SUCCEEDED, result.error_string
    assert joints[-1].position[0] == pytest.approx(0.3, abs=0.02)


def elsewhere(trajectory):
    for point in trajectory.points:
        point.positions[0] += 0.1


def through_the_table(trajectory):
    for point, share in zip(trajectory.points, np.linspace(0, 1, len(trajectory.points)), strict=True):
        smooth = share**3 * (10 - 15 * share + 6 * share**2)
        point.positions = (ROBOT.ready + smooth * np.array([0, 1.5, 0, 0.3, 0, 0, 0])).tolist()
        point.velocities, point.accelerations = [], []
        point.time_from_start.sec, point.time_from_start.nanosec = divmod(int(share * 20e9), 10**9)


def too_fast(trajectory):
    for index, point in enumerate(trajectory.points):
        point.time_from_start.sec, point.time_from_start.nanosec = 0, index * 1_000_000
        point.velocities, point.accelerations = [], []


REFUSED = {
    "nothing": (lambda t: t.points.clear(), "WRONG_LENGTH"),
    "NaN": (lambda t: t.points[3].positions.__setitem__(2, float("nan")), "NOT_FINITE"),
    "unknown joint": (lambda t: t.joint_names.__setitem__(0, "elbow"), "UNKNOWN_JOINT"),
    "from elsewhere": (elsewhere, "TRAJECTORY_EXCEEDS_LIMITS"),
    "through the table": (through_the_table, "TRAJECTORY_IN_COLLISION"),
    "too fast": (too_fast, "TRAJECTORY_EXCEEDS_LIMITS"),
    "later": (lambda t: setattr(t.header.stamp, "sec", 2**31 - 1), "UNSUPPORTED"),
}


@pytest.mark.parametrize(("change", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_verified_is_not_executed(graph, client, arm, joints, change, code):
    trajectory = planned(graph)
    change(trajectory)
    status, result = client.ask(FOLLOW.Goal(trajectory=trajectory))
    assert status == GoalStatus.STATUS_ABORTED and result.error_string.startswith(code), result.error_string
    assert np.allclose(joints[-1].position[:7], ROBOT.ready, atol=1e-2)


def test_a_node_that_goes_stops_the_motion(graph, generator, client, arm, joints, wait_until):
    handle = client.send(FOLLOW.Goal(trajectory=planned(graph, velocity_scaling=0.05)))
    assert wait_until(lambda: joints[-1].position[0] > 0.02)
    generator.trigger_deactivate()
    try:
        status, result = client.answer(handle)
        assert status == GoalStatus.STATUS_ABORTED and "NOT_ACTIVE" in result.error_string
        assert not client.send(FOLLOW.Goal()).accepted
    finally:
        generator.trigger_activate()


# --- Controllers that misbehave


class Controller:
    """Does what a test says."""

    def __init__(self, graph):
        self.accept, self.cancellations, self.leave = GoalResponse.ACCEPT, 0, threading.Event()
        self._server = ActionServer(
            graph.node,
            FOLLOW,
            "fake/controller",
            self._execute,
            goal_callback=self._think,
            cancel_callback=self._cancel,
            callback_group=ReentrantCallbackGroup(),
        )
        self.obeys, self.goals, self.slowness, self.request = True, 0, 0.0, None

    def _think(self, goal):
        time.sleep(self.slowness)
        return self.accept

    def _cancel(self, handle):
        self.cancellations += 1
        return CancelResponse.ACCEPT

    def _execute(self, handle):
        self.goals, self.request = self.goals + 1, handle.request
        while not self.leave.wait(0.01):
            if handle.is_cancel_requested and self.obeys:
                handle.canceled()
                return FOLLOW.Result()
        handle.abort()
        return FOLLOW.Result(error_code=FOLLOW.Result.GOAL_TOLERANCE_VIOLATED, error_string="It said so.")


@pytest.fixture(scope="module")
def lonely(started):
    settings = {"execution.controller": "controller", "execution.patience": 0.5, "joint_states.max_age": 60.0}
    return started(TrajectoryGeneratorNode, "fake", settings)


@pytest.fixture(scope="module")
def lonely_client(graph, lonely, goals_to, wait_until):
    states = graph.publisher(JointState, "fake/joint_states")
    assert wait_until(states.get_subscription_count)
    states.publish(JointState(name=list(ROBOT.joint_names), position=ROBOT.ready.tolist(), velocity=[0.0] * 7))
    assert wait_until(lambda: lonely.state._recent)
    return goals_to(FOLLOW, "fake/trajectory_generator/execute")


def test_without_a_controller_nothing_is_executed(graph, lonely_client):
    status, result = lonely_client.ask(FOLLOW.Goal(trajectory=planned(graph, "fake")))
    assert status == GoalStatus.STATUS_ABORTED and "execution.controller" in result.error_string


@pytest.fixture
def controller(graph, lonely_client):
    controller = Controller(graph)
    yield controller
    controller.leave.set()
    controller._server.destroy()


def test_a_controller_that_rejects_or_gives_up_is_told_of(graph, lonely_client, controller):
    goal = FOLLOW.Goal(trajectory=planned(graph, "fake"))
    controller.accept = GoalResponse.REJECT
    status, result = lonely_client.ask(goal)
    assert status == GoalStatus.STATUS_ABORTED and "rejected" in result.error_string
    controller.accept = GoalResponse.ACCEPT
    controller.leave.set()
    status, result = lonely_client.ask(goal)
    assert (status, result.error_string) == (GoalStatus.STATUS_ABORTED, "It said so.")
    assert result.error_code == FOLLOW.Result.GOAL_TOLERANCE_VIOLATED


def test_a_controller_that_does_not_stop_is_told_of(graph, lonely_client, controller, wait_until):
    controller.obeys = False
    handle = lonely_client.send(FOLLOW.Goal(trajectory=planned(graph, "fake")))
    assert wait_until(lambda: controller.goals == 1)
    handle.cancel_goal_async()
    status, result = lonely_client.answer(handle)
    assert status == GoalStatus.STATUS_ABORTED and "did not answer" in result.error_string
    assert controller.cancellations >= 1


def test_a_command_of_others_ends_what_is_no_longer_watched(graph, lonely_client, controller, wait_until):
    trajectory = planned(graph, "fake")
    others = graph.publisher(JointTrajectory, "fake/joint_trajectory")
    assert wait_until(others.get_subscription_count)
    handle = lonely_client.send(FOLLOW.Goal(trajectory=trajectory))
    assert wait_until(lambda: controller.goals == 1)
    others.publish(trajectory)
    status, result = lonely_client.answer(handle)
    assert status == GoalStatus.STATUS_ABORTED and "Another command" in result.error_string
    assert controller.cancellations == 1
    graph.node.destroy_publisher(others)


def test_a_goal_that_is_taken_too_late_is_cancelled(graph, lonely_client, controller, wait_until):
    controller.slowness = 1.0
    status, result = lonely_client.ask(FOLLOW.Goal(trajectory=planned(graph, "fake")))
    assert status == GoalStatus.STATUS_ABORTED and "did not answer" in result.error_string
    assert wait_until(lambda: controller.cancellations == 1)


def test_the_controller_gets_the_motion_that_was_verified(lonely_client, controller):
    asked = time_optimal()
    goal = FOLLOW.Goal(trajectory=asked)
    goal.goal_time_tolerance.sec = 3
    controller.leave.set()
    lonely_client.ask(goal)
    sent = controller.request.trajectory
    assert not any(sent.points[0].accelerations) and not any(sent.points[-1].accelerations)
    assert any(asked.points[0].accelerations) and controller.request.goal_time_tolerance.sec == 3
    for before, after in zip(asked.points, sent.points, strict=True):
        np.testing.assert_allclose(after.positions, before.positions)
        assert len(after.velocities) == len(after.accelerations) == 7


def test_a_motion_does_not_go_on_blindly(graph, lonely, lonely_client, controller, wait_until, monkeypatch):
    handle = lonely_client.send(FOLLOW.Goal(trajectory=planned(graph, "fake", velocity_scaling=0.05)))
    assert wait_until(lambda: lonely.supervision._judged is not None)

    def unseen():
        raise GenModelsError(ErrorCode.PERCEPTION_TOO_OLD, "The sensor is silent.")

    monkeypatch.setattr(lonely.supervision, "_scene", unseen)
    status, result = lonely_client.answer(handle)
    assert status == GoalStatus.STATUS_ABORTED and "The sensor is silent." in result.error_string


def test_a_moving_arm_begins_nothing(graph, lonely, lonely_client, controller):
    trajectory = planned(graph, "fake")
    for speed, word in ((0.3, "moving"), (0.0, None)):
        velocity = [speed, *[0.0] * 6]
        lonely.state.receive(JointState(name=list(ROBOT.joint_names), position=ROBOT.ready.tolist(), velocity=velocity))
        controller.leave.set()
        result = lonely_client.ask(FOLLOW.Goal(trajectory=trajectory))[1]
        assert (word or "It said so") in result.error_string
