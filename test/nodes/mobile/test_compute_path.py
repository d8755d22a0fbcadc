"""Routes on the map as Nav2's bt_navigator asks for them, over real DDS with Nav2's own messages."""

import math

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar, to_planar
from genmodels_ros.conversions.simulated import to_occupancy_grid
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.conversions.transforms import TRANSFORMS, to_transforms
from genmodels_ros.nodes.mobile.compute_path import MOST_WAITING
from genmodels_ros.nodes.mobile.local_planner import LocalPlannerNode
from genmodels_ros.nodes.qos import LATCHED

nav2 = pytest.importorskip(
    "nav2_msgs.action", reason="nav2_msgs is no wheel: it comes with Nav2, sudo apt install ros-jazzy-nav2-msgs"
)
pytestmark = [
    pytest.mark.skipif(TRANSFORMS is None, reason="tf2_msgs is no wheel: it comes with an installed ROS 2"),
    pytest.mark.usefixtures("driven_throughout"),
]
ComputePathToPose = nav2.ComputePathToPose
Result = ComputePathToPose.Result
ODOM_IN_MAP = (1.0, 1.0, math.pi / 2)


@pytest.fixture(scope="module")
def node(started):
    return started(LocalPlannerNode, "routes", {"scan.max_age": 3.0, "observation.max_age": 30.0})


def two_rooms(door=(31, 49)) -> OccupancyGrid:
    """4 m x 3 m with a wall at x = 2 m that has a door around y = 2 m, of cells of 0.05 m."""
    occupied = np.zeros((60, 80), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[:, 40] = True
    occupied[slice(*door), 40] = False
    return to_occupancy_grid(occupied, 0.05, (0.0, 0.0), header("map", 0.0))


@pytest.fixture(scope="module")
def maps(graph, node, wait_until):
    publisher = graph.publisher(OccupancyGrid, "routes/map", LATCHED)
    publisher.publish(two_rooms())
    assert wait_until(lambda: node.map_routes.heard)
    return publisher


@pytest.fixture(scope="module")
def localised(graph, node, wait_until):
    tf = graph.publisher(TRANSFORMS, "/tf")
    assert wait_until(tf.get_subscription_count)

    def known() -> bool:
        tf.publish(to_transforms(ODOM_IN_MAP, header("map", 0.0), "odom"))
        return node.frames._tree.pose("odom", "map") is not None

    assert wait_until(known)


@pytest.fixture
def goals(node, goals_to):
    return goals_to(ComputePathToPose, "routes/local_planner/compute_path_to_pose")


@pytest.fixture
def ask(goals):
    def ask(goal, start=None, frame="map", planner_id=""):
        request = ComputePathToPose.Goal(goal=place(goal, frame), planner_id=planner_id)
        if start is not None:
            request.start, request.use_start = place(start, frame), True
        return goals.ask(request)

    return ask


def place(pose, frame) -> PoseStamped:
    return PoseStamped(header=Header(frame_id=frame), pose=from_planar(pose))


def test_without_localisation_there_is_no_route(node, maps, ask):
    if node.frames._tree.pose("odom", "map") is None:
        assert ask((3.0, 1.0, 0.0)).result.error_code == Result.TF_ERROR


def test_a_route_leads_from_the_robot_through_the_door(maps, localised, ask):
    answer = ask((3.0, 1.0, 1.5), planner_id="GridBased")
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_SUCCEEDED, Result.NONE)
    path = answer.result.path
    poses = np.array([to_planar(stamped.pose) for stamped in path.poses])
    assert path.header.frame_id == "map" and to_seconds(path.header.stamp) > 0
    assert np.allclose(poses[0, :2], ODOM_IN_MAP[:2], atol=0.1) and np.allclose(poses[-1], (3.0, 1.0, 1.5))
    at_the_wall = poses[np.argmin(np.abs(poses[:, 0] - 2.0))]
    assert 1.6 < at_the_wall[1] < 2.4
    assert np.hypot(*np.diff(poses[:, :2], axis=0).T).max() < 0.06, "close enough to be followed"
    assert to_seconds(answer.result.planning_time) > 0


def test_a_start_may_be_given_and_frames_may_differ(maps, localised, ask):
    straight = ask((3.5, 0.5, 0.0), start=(2.5, 0.5, 0.0)).result.path
    assert len(straight.poses) == pytest.approx(21, abs=2)
    ahead = ask((0.5, 0.0, 0.0), frame="odom").result.path
    assert np.allclose(to_planar(ahead.poses[-1].pose), (1.0, 1.5, math.pi / 2))


BAD_GOALS = {
    "NaN": ({"goal": (math.nan, 0.0, 0.0)}, Result.UNKNOWN),
    "beyond the map": ({"goal": (9.0, 1.0, 0.0)}, Result.GOAL_OUTSIDE_MAP),
    "in a wall": ({"goal": (2.02, 0.5, 0.0)}, Result.GOAL_OCCUPIED),
    "start beyond the map": ({"goal": (3.0, 1.0, 0.0), "start": (-0.1, 1.0, 0.0)}, Result.START_OUTSIDE_MAP),
    "start in a wall": ({"goal": (3.0, 1.0, 0.0), "start": (2.02, 0.5, 0.0)}, Result.START_OCCUPIED),
    "another planner": ({"goal": (3.0, 1.0, 0.0), "planner_id": "Smac"}, Result.INVALID_PLANNER),
    "another frame": ({"goal": (3.0, 1.0, 0.0), "frame": "moon"}, Result.TF_ERROR),
}


@pytest.mark.parametrize(("fields", "code"), BAD_GOALS.values(), ids=BAD_GOALS)
def test_a_bad_goal_is_aborted_with_a_code_and_a_sentence(maps, localised, ask, fields, code):
    answer = ask(**fields)
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_ABORTED, code)
    assert answer.result.error_msg.endswith(".") and not answer.result.path.poses


@pytest.fixture
def show(node, maps, wait_until):
    """show(map): the node has read it; in the end it has the first one again."""

    def show(message):
        before = node.map_routes._map
        maps.publish(message)
        assert wait_until(lambda: node.map_routes.heard and node.map_routes._map is not before)

    yield show
    show(two_rooms())


@pytest.mark.parametrize("rows", [(31, 31), (38, 43)], ids=["closed", "narrower than the base"])
def test_a_door_it_does_not_fit_through_is_no_way(localised, ask, show, rows):
    show(two_rooms(rows))
    assert ask((3.0, 1.0, 0.0)).result.error_code == Result.NO_VALID_PATH


def test_who_stands_close_to_a_wall_finds_a_way(maps, localised, ask):
    answer = ask((3.8, 0.2, 0.0), start=(0.2, 2.8, 0.0))
    assert answer.status == GoalStatus.STATUS_SUCCEEDED


def test_a_map_that_cannot_be_read_is_not_the_last_one(node, maps, localised, ask, wait_until):
    turned = two_rooms()
    turned.info.origin = from_planar((0.0, 0.0, 1.0))
    maps.publish(turned)
    try:
        assert wait_until(lambda: not node.map_routes.heard)
        assert ask((3.0, 1.0, 0.0)).result.error_code == Result.UNKNOWN
    finally:
        maps.publish(two_rooms())
        assert wait_until(lambda: node.map_routes.heard)


def test_more_goals_than_can_wait_are_rejected(node, maps, localised, goals, ask, wait_until):
    with node._compute_path._searching:
        handles = [goals.send(ComputePathToPose.Goal(goal=place((3.0, 1.0, 0.0), "map"))) for _ in range(10)]
    assert sum(handle.accepted for handle in handles) == MOST_WAITING
    assert wait_until(lambda: node._compute_path._waiting == 0)
    assert ask((3.0, 1.0, 0.0)).status == GoalStatus.STATUS_SUCCEEDED
