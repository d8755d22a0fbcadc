"""Goals without a route, where a map is heard: the way follows it, or goes straight where it cannot."""

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid
from rclpy.parameter import Parameter

from genmodels_interfaces.action import DriveToGoal
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.simulated import to_occupancy_grid
from genmodels_ros.conversions.stamps import header
from genmodels_ros.conversions.transforms import TRANSFORMS
from genmodels_ros.nodes.mobile.local_planner import LocalPlannerNode
from genmodels_ros.nodes.qos import LATCHED

pytestmark = pytest.mark.usefixtures("driven_throughout")
SIDE, CELL = 6.0, 0.05  # m


@pytest.fixture(scope="module")
def node(started):
    return started(LocalPlannerNode, "mapped", {"scan.max_age": 3.0, "observation.max_age": 30.0, "route.map": "odom"})


def room(frame="map") -> OccupancyGrid:
    """6 m x 6 m about the origin, where the robot starts, with a wall 1 m ahead that ends 2 m to its left."""
    cells = round(SIDE / CELL)
    occupied = np.zeros((cells, cells), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[: round(5.0 / CELL), round(4.0 / CELL)] = True
    return to_occupancy_grid(occupied, CELL, (-SIDE / 2, -SIDE / 2), header(frame, 0.0))


@pytest.fixture
def maps(graph, node, wait_until):
    publisher = graph.publisher(OccupancyGrid, "mapped/map", LATCHED)

    def say(message):
        before = node.map_routes._map
        publisher.publish(message)
        assert wait_until(lambda: node.map_routes.heard and node.map_routes._map is not before)

    yield say
    graph.node.destroy_publisher(publisher)


@pytest.fixture
def parameter(node):
    """Sets one for a test."""
    before = node.value("route.map")
    yield lambda value: node.set_parameters([Parameter("route.map", value=value)])
    node.set_parameters([Parameter("route.map", value=before)])


def way_to(node, x: float, y: float) -> float:
    """Metres that a goal in odom is away, as the node sees it; the drive is given up at once."""
    goal = PoseStamped(header=header("odom", 0.0), pose=from_planar((x, y, 0.0)))
    drive = node.begin(DriveToGoal.Goal(goal=goal))
    node.finish(drive)
    return drive.left


def test_the_way_leads_around_a_wall_that_the_map_shows(node, maps, driven_throughout):
    straight = np.hypot(2.0 - driven_throughout.pose[0], 0.0 - driven_throughout.pose[1])
    assert way_to(node, 2.0, 0.0) == pytest.approx(straight, abs=0.05), "without a map"
    maps(room())
    around = way_to(node, 2.0, 0.0)
    assert around > 2 * np.hypot(1.0, 2.0) - 0.1
    assert way_to(node, 0.0, 2.0) == pytest.approx(2.0, abs=0.1), "nothing in the way there"


@pytest.mark.parametrize(("x", "y"), [(1.0, 0.0), (9.0, 0.0)])
def test_it_goes_straight_where_the_map_leads_nowhere(node, maps, x, y):
    """In a wall, and beyond the map."""
    maps(room())
    assert way_to(node, x, y) == pytest.approx(np.hypot(x, y), abs=0.1)


@pytest.mark.parametrize("choice", ["off", "tf"])
def test_it_goes_straight_unless_it_is_known_how_the_map_lies(node, maps, parameter, choice):
    maps(room("a_frame_that_nobody_tells_of"))
    parameter(choice)
    assert way_to(node, 2.0, 0.0) == pytest.approx(2.0, abs=0.1)


def test_without_tf_in_the_house_map_and_odometry_are_taken_for_one(node, maps, parameter):
    maps(room())
    parameter("auto")
    assert (way_to(node, 2.0, 0.0) > 4.0) == (TRANSFORMS is None)


def test_a_map_in_the_odometry_s_frame_needs_no_tf(node, maps, parameter):
    maps(room("odom"))
    parameter("tf")
    assert way_to(node, 2.0, 0.0) > 4.0
