"""Nav2's IsPathValid as the world model answers it, over real DDS with Nav2's own messages."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.nodes.mobile.world_model import WorldModelNode

services = pytest.importorskip(
    "nav2_msgs.srv", reason="nav2_msgs is no wheel: it comes with Nav2, sudo apt install ros-jazzy-nav2-msgs"
)
IsPathValid = services.IsPathValid
AWAY = [(-0.1 * index, 0.0) for index in range(20)]  # from the wall 0.8 m ahead


@pytest.fixture(scope="module")
def node(started):
    return started(WorldModelNode, "checked", {"observation.max_age": 60.0})


@pytest.fixture
def watching(robot):
    """The node has seen the room for a second."""
    for _ in range(5):
        robot.sense()


@pytest.fixture
def check(graph):
    def ask(points, frame="base_link"):
        poses = [PoseStamped(pose=from_planar((*point, 0.0))) for point in points]
        request = IsPathValid.Request(path=Path(header=Header(frame_id=frame), poses=poses))
        return graph.call(IsPathValid, "checked/world_model/is_path_valid", request)

    return ask


def test_nothing_is_valid_before_the_first_scan(node, check):
    node.trigger_deactivate()
    node.trigger_activate()
    assert not check(AWAY).is_valid and "NO_OBSERVATION" in node.monitor.last_error


def test_a_free_path_is_valid(check, watching):
    answer = check(AWAY)
    assert answer.is_valid and not answer.invalid_pose_indices


def test_poses_behind_a_wall_and_before_it_are_not(check, watching, robot):
    ahead = [(0.05 * index, 0.0) for index in range(30)]
    answer = check(ahead)
    assert not answer.is_valid
    invalid = np.array(answer.invalid_pose_indices)
    at_the_wall = [index for index, (x, _) in enumerate(ahead) if abs(x - robot.WALL_AHEAD) < 0.15]
    assert set(at_the_wall) <= set(invalid), "the scan itself shows it"
    assert invalid.min() > 4, "here is room"
    assert invalid.max() > max(at_the_wall) + 3, "on to where the model's sight ends"


def test_odometry_and_base_mean_the_same(check, robot):
    for _ in range(5):
        robot.sense(pose=(5.0, 2.0, math.pi / 2))
    in_base, in_odom = check([(0.0, 0.0), (1.5, 0.0)]), check([(5.0, 2.0), (5.0, 3.5)], "odom")
    assert in_base == in_odom and not in_odom.is_valid


def test_one_pose_is_a_path(check, watching):
    assert check([(-0.5, 0.0)]).is_valid
    assert list(check([(0.8, 0.0)]).invalid_pose_indices) == [0]


BAD_PATHS = {
    "no poses": ([], "base_link", "INVALID_PATH"),
    "NaN": ([(0.0, 0.0), (math.nan, 0.0)], "base_link", "INVALID_PATH"),
    "another frame": ([(0.0, 0.0), (1.0, 0.0)], "moon", "UNKNOWN_FRAME"),
    "too many poses": ([(0.0, 0.0)] * 10_001, "base_link", "INVALID_PATH"),
}


@pytest.mark.parametrize(("points", "frame", "code"), BAD_PATHS.values(), ids=BAD_PATHS)
def test_what_cannot_be_judged_is_not_valid_and_the_log_says_why(node, check, watching, points, frame, code):
    answer = check(points, frame)
    assert not answer.is_valid and not answer.invalid_pose_indices
    assert node.monitor.last_error.startswith(code)
    assert check(AWAY).is_valid


def test_ten_thousand_poses_around_the_world_are_judged(check, watching):
    assert not check([(4e3 * index, 0.0) for index in range(10_000)]).is_valid


def test_an_inactive_node_calls_nothing_valid(node, check, robot):
    node.trigger_deactivate()
    assert not check(AWAY).is_valid
    node.trigger_activate()
