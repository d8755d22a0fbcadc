"""Ways on the latched `map`, planned with room to swerve."""

import numpy as np
from nav_msgs.msg import OccupancyGrid

from genmodels_ros.conversions.maps import to_occupied
from genmodels_ros.conversions.poses import relative_to
from genmodels_ros.conversions.transforms import TRANSFORMS
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.model import RADIUS
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.frames import Frames
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.pipelines.mobile.routes import ROUTE_CLEARANCES, plan_route, to_odom
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid as Grid

CLEARANCES = (*(wide for wide in ROUTE_CLEARANCES if wide > RADIUS), RADIUS, min(ROUTE_CLEARANCES))
AT_THE_ENDS = 0.5  # m
AUTO, BY_TF, SAME_AS_ODOM, OFF = "auto", "tf", "odom", "off"


class MapRoutes:
    """What stands on the map counts, nothing that only sensors see: who drives goes around the rest."""

    PARAMETERS = (
        Parameter(
            "route.map",
            AUTO,
            "How the odometry lies in `map`, for goals without a route: tf tells; odom: they are one; off: no routes; "
            "auto: tf, or odom where tf2_msgs is not installed",
            choices=(AUTO, BY_TF, SAME_AS_ODOM, OFF),
        ),
    )

    def __init__(self, node: ManagedNode, frames: Frames):
        """Made on activation."""
        self._node, self._frames, self._map = node, frames, None
        node.add_subscription(OccupancyGrid, "map", self._receive, LATCHED)

    @property
    def heard(self) -> bool:
        """Whether there is a map that could be read."""
        return self._map is not None

    def to_goal(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray | None:
        """The way [K, 3] in odom from `start` to `goal` [3] in odom, for who would else drive straight; None, with a
        line in the log, where no map leads there."""
        told_by = self._node.value("route.map")
        if not self.heard or told_by == OFF:
            return None
        if told_by == AUTO:
            told_by = SAME_AS_ODOM if TRANSFORMS is None else BY_TF
        try:
            frame, grid = self._map
            odom = np.zeros(3) if told_by == SAME_AS_ODOM else self._frames.odom_in(frame, "The map")
            return relative_to(odom, _way(grid, *to_odom(odom, np.stack([start, goal]))))
        except GenModelsError as error:
            self._node.get_logger().warning(f"Driving straight, without a route: {error.message}")
            return None

    def plan(self, start: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, str]:
        """The way [K, 3] in the map's frame, and that frame, from `start` to `goal` [3] in odom; its last pose looks as
        the goal does.

        Raises GenModelsError: INVALID_DATA without a map, UNKNOWN_FRAME, START_ and GOAL_OUT_OF_LIMITS, START_ and
        GOAL_IN_COLLISION, NO_SOLUTION.
        """
        if not self.heard:
            raise GenModelsError(ErrorCode.INVALID_DATA, "No map that can be read was heard: is map_server active?")
        frame, grid = self._map
        odom = self._frames.odom_in(frame, "The map")
        return _way(grid, *to_odom(odom, np.stack([start, goal]))), frame

    def _receive(self, message: OccupancyGrid) -> None:
        self._map = None  # a map that cannot be read is not the last one
        self._map = (message.header.frame_id, Grid(*to_occupied(message)))


def _way(grid: Grid, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    _check(grid, start, "start", ErrorCode.START_OUT_OF_LIMITS, ErrorCode.START_IN_COLLISION)
    _check(grid, end, "goal", ErrorCode.GOAL_OUT_OF_LIMITS, ErrorCode.GOAL_IN_COLLISION)
    route = plan_route(grid, start[:2], end[:2], CLEARANCES)
    if route is None or _is_too_narrow(grid, route):
        raise GenModelsError(ErrorCode.NO_SOLUTION, "There is no way on the map: choose another goal.")
    return _headed(route, end)


def _check(grid: Grid, place: np.ndarray, name: str, outside: ErrorCode, occupied: ErrorCode) -> None:
    rows, columns = grid.occupied.shape
    within = (place[:2] - grid.origin) / grid.resolution
    if not (0 <= within[0] < columns and 0 <= within[1] < rows):
        raise GenModelsError(outside, f"The {name} lies beyond the map: give one on it.")
    if grid.occupied[grid.cell(place)]:
        raise GenModelsError(occupied, f"The {name} lies where something stands or nobody has looked: move it.")


def _is_too_narrow(grid: Grid, route: np.ndarray) -> bool:
    """Whether the base does not fit through somewhere; at the ends, where it stands or shall stand, a map may err."""
    away = np.minimum(np.hypot(*(route - route[0]).T), np.hypot(*(route - route[-1]).T)) > AT_THE_ENDS
    return any(grid.distance[grid.cell(point)] < RADIUS - grid.resolution for point in route[away])


def _headed(route: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Poses [K, 3] along a route [K, 2], each towards the next, the last as the goal asks."""
    ahead = np.diff(route, axis=0)
    yaw = np.append(np.arctan2(ahead[:, 1], ahead[:, 0]), end[2])
    return np.column_stack([route, yaw])
