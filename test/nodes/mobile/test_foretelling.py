"""What the model expects, as Nav2 and RViz take it: points, a path, a plan."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Path
from nav_msgs.srv import GetPlan
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from genmodels_ros.conversions.point_clouds import to_points
from genmodels_ros.conversions.poses import from_planar, to_planar
from genmodels_ros.conversions.sensors import to_laser_scan
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.nodes.mobile.world_model import WorldModelNode

POSE = (3.0, 1.0, math.pi / 2)


@pytest.fixture(scope="module")
def node(started):
    patient = {"observation.max_age": 60.0, "command.max_age": 60.0, "command.type": "twist"}
    return started(WorldModelNode, "foretold", patient)


@pytest.fixture(scope="module")
def told(graph, node, robot):
    points = graph.listen(PointCloud2, "foretold/world_model/predicted_obstacles")
    paths = graph.listen(Path, "foretold/world_model/predicted_path")
    assert robot.is_heard("predicted_obstacles", "predicted_path")
    return points, paths


def foretold(robot, told, wait_until, command=(0.0, 0.0)):
    """(points, path) after the robot was told something and has seen its room for a second."""
    message = Twist()
    message.linear.x, message.angular.z = command
    assert wait_until(robot.commands.get_subscription_count)
    robot.commands.publish(message)
    assert wait_until(lambda: tuple(robot.node.input.command()) == command)
    for _ in range(4):
        stamp = robot.sense(scan=to_laser_scan(robot.room(ahead=3.0), Header(), **robot.FAN), pose=POSE)
    is_last = lambda messages: messages and to_seconds(messages[-1].header.stamp) == pytest.approx(stamp)  # noqa: E731
    assert wait_until(lambda: all(is_last(messages) for messages in told))
    return told[0][-1], told[1][-1]


def test_obstacles_are_points_around_the_robot_as_it_stands_now(robot, told, wait_until):
    cloud, _ = foretold(robot, told, wait_until)
    assert cloud.header.frame_id == "base_link"
    assert [field.name for field in cloud.fields] == ["x", "y", "z", "intensity", "std"]
    points = to_points(cloud)
    assert len(points) > 100 and np.isfinite(points).all() and np.allclose(points[:, 2], 0.2)
    x, y = points[:, 0], points[:, 1]
    to_walls = np.min([np.abs(x - 3.0), np.abs(x + 4.0), np.abs(y - 4.0), np.abs(y + 4.0)], axis=0)
    assert np.percentile(to_walls, 95) < 0.25, "the walls of the room"
    rows = np.frombuffer(cloud.data, "<f4").reshape(-1, 5)
    assert set(np.round(rows[:, 3].astype(float), 3)) <= {0.4, 0.8, 1.2} and rows[:, 3].min() == pytest.approx(0.4)
    assert (rows[:, 4] >= 0).all() and rows[:, 4].max() <= 0.5


def test_points_stay_where_the_walls_are_while_the_robot_drives(robot, told, wait_until):
    cloud, _ = foretold(robot, told, wait_until, (0.4, 0.0))
    points = to_points(cloud)
    ahead = points[np.abs(points[:, 1]) < 1.0]
    ahead = ahead[ahead[:, 0] > 0]
    assert np.median(ahead[:, 0]) == pytest.approx(3.0, abs=0.15)


def test_what_is_nearer_than_the_robot_s_radius_is_the_robot(robot, node, told, wait_until):
    node.set_parameters([Parameter("robot_radius", value=2.0)])
    cloud, _ = foretold(robot, told, wait_until)
    node.set_parameters([Parameter("robot_radius", value=0.2)])
    assert np.hypot(*to_points(cloud)[:, :2].T).min() > 2.0


def test_the_path_is_that_of_the_present_command(robot, told, wait_until):
    _, path = foretold(robot, told, wait_until, (0.4, 0.0))
    assert path.header.frame_id == "odom" and len(path.poses) == 7
    poses = np.array([to_planar(pose.pose) for pose in path.poses])
    assert poses[0] == pytest.approx(POSE, abs=1e-3), "it begins where the robot stands"
    assert poses[-1, 1] - POSE[1] == pytest.approx(0.48, abs=0.2) and abs(poses[-1, 0] - POSE[0]) < 0.1
    stamps = [to_seconds(pose.header.stamp) for pose in path.poses]
    assert np.allclose(np.diff(stamps), 0.2)


def test_what_nobody_listens_to_is_not_decoded(graph, robot_in_a_room, monkeypatch):
    quiet = graph.add(WorldModelNode(namespace="unheard"))
    assert quiet.start()
    monkeypatch.setattr(quiet.pipeline, "forecast", lambda *args, **kwargs: pytest.fail("decoded for nobody"))
    robot = robot_in_a_room(quiet)
    for _ in range(3):
        robot.sense()
    with quiet.work:
        assert quiet.monitor.num_errors == 0, quiet.monitor.last_error
    graph.remove(quiet)


# --- Plans


def stamped(frame, *pose) -> PoseStamped:
    return PoseStamped(header=Header(frame_id=frame), pose=from_planar(pose))


@pytest.fixture
def ask(graph, robot, told, wait_until):
    foretold(robot, told, wait_until)

    def plan(goal, start=None):
        request = GetPlan.Request(start=start or PoseStamped(), goal=goal)
        return graph.call(GetPlan, "foretold/world_model/get_plan", request).plan

    return plan


def test_a_plan_leads_towards_the_goal(ask):
    path = ask(stamped("base_link", 1.5, 0.0, 0.0))
    assert path.header.frame_id == "odom"
    poses = np.array([to_planar(pose.pose) for pose in path.poses])
    assert poses[0] == pytest.approx(POSE, abs=1e-3)
    goal = np.array([POSE[0], POSE[1] + 1.5])
    left = np.hypot(*(poses[:, :2] - goal).T)
    assert left[-1] < 0.7 * left[0], "nearer, as far as the model looks"
    same = ask(stamped("odom", goal[0], goal[1], 0.0), start=stamped("odom", *POSE))
    assert np.allclose([to_planar(pose.pose) for pose in same.poses], poses, atol=1e-3)


NAN = float("nan")
IMPOSSIBLE = {
    "far start": ((stamped("odom", 3.5, 2.0, 0.0), stamped("odom", 0.0, 0.0, 0.0)), "INVALID_PATH"),
    "map goal": ((stamped("map", 3.5, 2.0, 0.0), None), "UNKNOWN_FRAME"),
    "map start": ((stamped("odom", 3.5, 2.0, 0.0), stamped("map", *POSE)), "UNKNOWN_FRAME"),
    "NaN goal": ((stamped("odom", NAN, 2.0, 0.0), None), "NOT_FINITE"),
}


@pytest.mark.parametrize(("request_", "code"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_plan_is_empty_and_diagnostics_say_why(node, ask, request_, code):
    assert not ask(*request_).poses
    assert node.monitor.last_error.startswith(code)
    assert ask(stamped("base_link", 1.0, 0.0, 0.0)).poses


def test_a_plan_as_risky_as_not_allowed_is_none(node, ask):
    node.set_parameters([Parameter("plan.max_risk", value=0.0)])
    try:
        assert not ask(stamped("base_link", 1.5, 0.0, 0.0)).poses
        assert node.monitor.last_error.startswith("NO_SOLUTION")
    finally:
        node.set_parameters([Parameter("plan.max_risk", value=0.5)])
