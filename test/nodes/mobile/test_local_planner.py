"""The local planner as a robot and a client see it: a base in a room, goals good and bad, sensors that fall silent."""

import math
import time

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.parameter import Parameter
from std_msgs.msg import Header, String

from genmodels_interfaces.action import DriveToGoal
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.mobile.local_planner import LocalPlannerNode

PERIOD = 0.1  # s between scans
PATIENT = 3.0  # s that a scan may be old on a busy machine


@pytest.fixture(scope="module")
def node(started):
    return started(LocalPlannerNode, parameters={"scan.max_age": PATIENT, "observation.max_age": 30.0})


@pytest.fixture
def robot(driven):
    return driven


@pytest.fixture(scope="module")
def client(node, goals_to):
    return goals_to(DriveToGoal, "local_planner/drive_to_goal")


def to(x, y, frame="odom", **fields) -> DriveToGoal.Goal:
    return DriveToGoal.Goal(goal=place(x, y, frame), **fields)


def place(x, y, frame="odom") -> PoseStamped:
    return PoseStamped(header=Header(frame_id=frame), pose=from_planar((x, y, 0.0)))


def route_of(*points, frame="odom") -> Path:
    return Path(header=Header(frame_id=frame), poses=[place(*point, frame) for point in points])


# --- What it is for


def test_without_a_goal_it_is_silent(robot):
    time.sleep(5 * PERIOD)
    assert not robot.heard


def test_it_reaches_a_goal_and_stands(graph, node, robot, client, wait_until):
    plans, states = graph.listen(Path, "local_planner/plan"), graph.listen(String, "local_planner/state")
    told = []
    answer = client.ask(to(1.2, 0.5), told)
    assert answer.result.error.value == ErrorCode.SUCCESS, answer.result.error.message
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert np.hypot(*(robot.pose[:2] - (1.2, 0.5))) < 0.5
    assert wait_until(robot.stands)
    assert told and told[0].distance > told[-1].distance
    assert plans[-1].header.frame_id == "odom" and len(plans[-1].poses) > 5
    assert wait_until(lambda: states and states[-1].data == "idle") and "driving" in {state.data for state in states}
    count = len(robot.heard)
    time.sleep(5 * PERIOD)
    assert len(robot.heard) == count, "a drive that has ended says nothing more"


def test_it_follows_a_route(robot, client):
    told = []
    handle = client.send(to(1.0, 1.2, route=route_of((0.0, 0.0), (0.0, 1.2))), told)
    assert client.answer(handle).result.error.value == ErrorCode.SUCCESS
    assert told[0].distance > 1.9, "along the route, not as the crow flies"


def test_a_goal_comes_by_topic_too(graph, robot, wait_until):
    goals = graph.publisher(PoseStamped, "goal_pose")
    assert wait_until(goals.get_subscription_count)
    goals.publish(place(0.8, 0.0, "base_link"))
    assert wait_until(lambda: robot.pose[0] > 0.4)


# --- When to stop


def test_it_stops_when_the_scan_stops_and_goes_on_when_it_comes_back(node, robot, client, wait_until):
    node.set_parameters([Parameter("scan.max_age", value=0.5)])
    try:
        handle = client.send(to(2.3, 0.0))
        assert wait_until(robot.drives)
        robot.sees = False
        assert wait_until(lambda: node.drive.state == "blind") and wait_until(robot.stands)
    finally:
        node.set_parameters([Parameter("scan.max_age", value=PATIENT)])
        robot.sees = True
    assert wait_until(robot.drives)
    handle.cancel_goal_async()


def test_a_drive_ends_when_the_scan_stays_away(node, robot, client, wait_until):
    handle = client.send(to(2.3, 0.0))
    assert wait_until(robot.drives)
    robot.sees = False
    node.set_parameters([Parameter("scan.patience", value=0.5), Parameter("scan.max_age", value=0.5)])
    try:
        answer = client.answer(handle)
    finally:
        node.set_parameters([Parameter("scan.patience", value=5.0), Parameter("scan.max_age", value=PATIENT)])
    assert answer.result.error.value == ErrorCode.NO_OBSERVATION and answer.status == GoalStatus.STATUS_ABORTED
    assert wait_until(robot.stands)


def test_it_stops_on_cancel(robot, client, wait_until):
    handle = client.send(to(2.3, 0.0))
    assert wait_until(robot.drives)
    handle.cancel_goal_async()
    answer = client.answer(handle)
    assert answer.status == GoalStatus.STATUS_CANCELED and answer.result.error.value == ErrorCode.CANCELLED
    assert answer.result.distance > 0.5 and wait_until(robot.stands)


def test_it_does_not_run_into_what_appears_before_it(robot, client, wait_until):
    client.send(to(2.3, 0.0))
    assert wait_until(robot.drives)
    ahead = np.array([math.cos(robot.pose[2]), math.sin(robot.pose[2])])
    robot.post = robot.pose[:2] + 0.75 * ahead
    nearest = []
    deadline = time.monotonic() + 4.0
    while time.monotonic() < deadline:
        nearest.append(np.hypot(*(robot.pose[:2] - robot.post)))
        time.sleep(0.05)
    assert min(nearest) > 0.15 + 0.2


def test_a_newer_goal_takes_over(robot, client, wait_until):
    first = client.send(to(2.3, 0.0))
    assert wait_until(robot.drives)
    second = client.send(to(robot.pose[0], robot.pose[1] + 0.2))
    answer = client.answer(first)
    assert answer.status == GoalStatus.STATUS_ABORTED and answer.result.error.value == ErrorCode.CANCELLED
    assert client.answer(second).result.error.value == ErrorCode.SUCCESS


def test_a_drive_that_takes_too_long_ends(robot, client, wait_until):
    answer = client.ask(to(2.3, 2.3, time_limit=0.5))
    assert answer.result.error.value == ErrorCode.TIME_LIMIT and wait_until(robot.stands)


def test_deactivation_stops_the_base(node, robot, client, wait_until):
    handle = client.send(to(2.3, 0.0))
    assert wait_until(robot.drives)
    node.trigger_deactivate()
    try:
        assert client.answer(handle).result.error.value == ErrorCode.NOT_ACTIVE
        assert wait_until(robot.stands)
        assert not client.send(to(1.0, 0.0)).accepted
    finally:
        node.trigger_activate()


# --- Bad goals


@pytest.mark.parametrize(
    ("goal", "fields", "code"),
    [
        ((math.nan, 0.0), {}, ErrorCode.NOT_FINITE),
        ((1.0, math.inf), {}, ErrorCode.NOT_FINITE),
        ((1.0, 0.0, "map"), {}, ErrorCode.UNKNOWN_FRAME),
        ((1.0, 0.0, ""), {}, ErrorCode.UNKNOWN_FRAME),
        ((1.0, 0.0), {"tolerance": -1.0}, ErrorCode.NOT_FINITE),
        ((1.0, 0.0), {"time_limit": math.nan}, ErrorCode.NOT_FINITE),
        ((1.0, 0.0), {"route": route_of((0.0, 0.0), (1.0, 0.0), frame="map")}, ErrorCode.UNKNOWN_FRAME),
        ((1.0, 0.0), {"route": route_of((math.nan, 0.0), (1.0, 0.0))}, ErrorCode.INVALID_PATH),
    ],
    ids=["NaN", "infinite", "another frame", "no frame", "tolerance", "time limit", "route's frame", "route's pose"],
)  # fmt: skip
def test_a_bad_goal_is_refused_with_a_code(robot, client, goal, fields, code):
    answer = client.ask(to(*goal, **fields))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert ErrorCode(answer.result.error.value) == code and answer.result.error.message.endswith(".")
    assert not robot.drives()
