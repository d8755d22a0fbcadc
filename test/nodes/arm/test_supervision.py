"""A trajectory under way is judged again when obstacles change, and silence never means safety."""

import time

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from genmodels_interfaces.msg import ExecutionValidity, ObstacleArray, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories, VerifyTrajectory
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.stamps import to_seconds, to_stamp
from genmodels_ros.conversions.trajectories import to_trajectory
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.arm.trajectory_generator import TrajectoryGeneratorNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.paths.verification import verify

ROBOT = load_robot("panda")
START = ROBOT.ready
GOAL = START + np.array([1.5, 0.1, 0.0, 0.2, 0.0, 0.1, 0.3])
NAME = "watched/trajectory_generator"


@pytest.fixture(scope="module")
def node(started):
    parameters = {"supervision.period": 0.02, "joint_states.max_age": 60.0}
    return started(TrajectoryGeneratorNode, "watched", parameters)


def state_of(q) -> JointState:
    return JointState(name=list(ROBOT.joint_names), position=list(map(float, q)))


@pytest.fixture(scope="module")
def slow(graph, node) -> JointTrajectory:
    """A motion of many seconds: no test has to hurry."""
    request = TrajectoryRequest(
        start=state_of(START), joint_goal=state_of(GOAL), num_samples=4, velocity_scaling=0.02, max_candidates=1
    )
    result = graph.call(GenerateTrajectories, f"{NAME}/generate", GenerateTrajectories.Request(request=request)).result
    assert result.error.value == ErrorCode.SUCCESS
    return result.candidates[0].trajectory


@pytest.fixture
def told(graph, node, slow, wait_until):
    """Publishes commands and obstacles; says what came back since."""
    watch = Watch(graph, node, wait_until)
    yield watch
    watch.obstacles(Scene())
    watch.command(slow, begun_ago=3600.0)
    assert watch.hears(lambda m: m.valid and not m.executing)
    watch.close()


class Watch:
    def __init__(self, graph, node, wait_until):
        self._graph, self._node, self._wait_until = graph, node, wait_until
        self.heard = graph.listen(ExecutionValidity, f"{NAME}/execution_valid", LATCHED)
        self._commands = graph.publisher(JointTrajectory, "watched/joint_trajectory")
        self._obstacles = graph.publisher(ObstacleArray, "watched/obstacles", LATCHED)
        assert wait_until(self._commands.get_subscription_count)

    def command(self, trajectory, begun_ago=None) -> None:
        """begun_ago: s, as the command's stamp says; None for no stamp."""
        now = self._node.get_clock().now().nanoseconds * 1e-9
        header = Header() if begun_ago is None else Header(stamp=to_stamp(now - begun_ago))
        self.heard.clear()
        self._commands.publish(
            JointTrajectory(header=header, joint_names=trajectory.joint_names, points=trajectory.points)
        )

    def obstacles(self, scene) -> None:
        self.heard.clear()
        self._obstacles.publish(to_obstacle_array(scene, Header()))

    def hears(self, condition) -> bool:
        return self._wait_until(lambda: any(condition(message) for message in list(self.heard)))

    def close(self):
        self._graph.node.destroy_publisher(self._commands)
        self._graph.node.destroy_publisher(self._obstacles)


def ball_ahead(node, trajectory: JointTrajectory, share=0.7) -> Scene:
    """An obstacle that the tool meets at a share of the way."""
    path = node.markers.tool_path(to_trajectory(trajectory, ROBOT.joint_names))
    return Scene((Sphere(path[int(share * len(path))], 0.04, "ball"),))


def test_an_obstacle_that_appears_ahead_is_found_at_once_and_forgotten_when_it_leaves(node, slow, told):
    duration = to_seconds(slow.points[-1].time_from_start)
    told.command(slow)
    assert told.hears(lambda m: m.executing and m.valid and m.error.value == ErrorCode.SUCCESS)
    assert 0.5 * duration < told.heard[-1].time_left < duration and np.isnan(told.heard[-1].time_to_contact)
    began = time.monotonic()
    told.obstacles(ball_ahead(node, slow))
    assert told.hears(lambda m: not m.valid)
    print(f"obstacle to verdict: {(time.monotonic() - began) * 1e3:.0f} ms")
    bad = next(message for message in told.heard if not message.valid)
    assert bad.executing and bad.error.value == ErrorCode.TRAJECTORY_IN_COLLISION and "ball" in bad.error.message
    ball = ball_ahead(node, slow)
    expected = verify(to_trajectory(slow, ROBOT.joint_names), ROBOT, ball).first_invalid_time
    assert duration - bad.time_left + bad.time_to_contact == pytest.approx(
        expected, abs=0.5
    )  # a step of 0.01 rad, so slow
    later = told.heard[-1]
    elapsed = to_seconds(later.header.stamp) - to_seconds(bad.header.stamp)
    assert later.time_to_contact == pytest.approx(bad.time_to_contact - elapsed, abs=1e-3), "it counts down"
    told.obstacles(Scene())
    assert told.hears(lambda m: m.executing and m.valid)


def test_what_lies_behind_does_not_count(node, slow, told):
    duration = to_seconds(slow.points[-1].time_from_start)
    told.obstacles(ball_ahead(node, slow, 0.2))
    told.command(slow, begun_ago=0.8 * duration)
    assert told.hears(lambda m: m.executing)
    assert all(m.valid for m in told.heard if m.executing)
    assert told.heard[-1].time_left < 0.21 * duration


def test_the_end_is_told(slow, told):
    duration = to_seconds(slow.points[-1].time_from_start)
    told.command(slow, begun_ago=duration - 0.3)
    assert told.hears(lambda m: m.valid and not m.executing and m.time_left == 0)


def test_an_empty_command_stops_nothing(slow, told):
    """A joint_trajectory_controller refuses it and goes on."""
    told.command(slow)
    assert told.hears(lambda m: m.executing)
    told.command(JointTrajectory())
    assert told.hears(lambda m: m.executing)
    assert not any(not m.executing for m in told.heard)


def test_a_command_that_cannot_be_judged_is_not_valid(node, slow, told):
    told.command(JointTrajectory(joint_names=["elbow", *slow.joint_names[1:]], points=slow.points[:5]))
    assert told.hears(lambda m: m.executing and not m.valid and m.error.value == ErrorCode.MISSING_JOINT)
    assert np.isnan(told.heard[-1].time_to_contact) and np.isnan(told.heard[-1].time_left)
    told.command(slow)
    assert told.hears(lambda m: m.executing and m.valid)


def test_the_way_to_a_first_point_ahead_in_time_is_judged_from_where_the_arm_is(graph, node, slow, told, wait_until):
    ahead = JointTrajectory(joint_names=slow.joint_names, points=slow.points[-1:])
    told.command(ahead)
    assert told.hears(lambda m: m.error.value == ErrorCode.NO_ROBOT_STATE), "where the arm is, nobody has said"
    publisher = graph.publisher(JointState, "watched/joint_states")
    assert wait_until(publisher.get_subscription_count)
    publisher.publish(state_of(START))
    assert wait_until(lambda: node.state._recent)
    told.command(ahead)
    assert told.hears(lambda m: m.executing and m.valid)
    told.obstacles(ball_ahead(node, slow))
    assert told.hears(lambda m: m.error.value == ErrorCode.TRAJECTORY_IN_COLLISION)
    graph.node.destroy_publisher(publisher)


def test_obstacles_that_cannot_be_read_make_the_execution_unsafe(node, slow, told):
    told.command(slow)
    assert told.hears(lambda m: m.executing and m.valid)
    told.heard.clear()
    told._obstacles.publish(to_obstacle_array(Scene(), Header(frame_id="camera")))
    assert told.hears(lambda m: m.executing and not m.valid and m.error.value == ErrorCode.UNKNOWN_FRAME)


def test_planning_does_not_keep_it_waiting(node, slow, told):
    told.command(slow)
    assert told.hears(lambda m: m.executing and m.valid)
    with node.work:  # as a long plan does
        told.obstacles(ball_ahead(node, slow))
        assert told.hears(lambda m: not m.valid and m.error.value == ErrorCode.TRAJECTORY_IN_COLLISION)


def test_an_inactive_node_takes_back_what_it_said(node, slow, told):
    told.command(slow)
    assert told.hears(lambda m: m.executing and m.valid)
    node.trigger_deactivate()
    try:
        assert told.hears(lambda m: not m.valid and m.error.value == ErrorCode.NOT_ACTIVE)
    finally:
        node.trigger_activate()


def test_the_service_judges_what_is_left_too(graph, node, slow):
    obstacles = to_obstacle_array(ball_ahead(node, slow, 0.2), Header())
    duration = to_seconds(slow.points[-1].time_from_start)

    def answer(from_time):
        request = VerifyTrajectory.Request(trajectory=slow, obstacles=obstacles, from_time=from_time)
        return graph.call(VerifyTrajectory, f"{NAME}/verify", request)

    assert answer(0.0).error.value == ErrorCode.TRAJECTORY_IN_COLLISION
    assert answer(0.8 * duration).valid
    assert answer(2 * duration).error.value == ErrorCode.WRONG_LENGTH
