"""Nav2's ComputePathToPose, where nav2_msgs is installed: a route on the map, planned with room to swerve."""

import threading
import time

import numpy as np
from nav_msgs.msg import OccupancyGrid, Path
from rclpy.action import GoalResponse
from rclpy.action.server import ServerGoalHandle

from genmodels_ros.conversions.maps import to_occupied
from genmodels_ros.conversions.nav2 import COMPUTE_PATH, check_plugins, to_computed_path
from genmodels_ros.conversions.plans import to_path
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.model import RADIUS
from genmodels_ros.nodes.action_server import action_server
from genmodels_ros.nodes.mobile.drive_action import KEPT, end_failed
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.pipelines.routes import ROUTE_CLEARANCES, plan_route, to_odom
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid as Grid

MOST_WAITING = 3  # goals, with the one that is worked on: each holds a thread of the process that drives

CLEARANCES = (*(wide for wide in ROUTE_CLEARANCES if wide > RADIUS), RADIUS, min(ROUTE_CLEARANCES))
AT_THE_ENDS = 0.5  # m


class ComputePath:
    """A part of the local planner. What stands on the map counts, nothing that only sensors see: it may be asked again
    at any time, and the local planner drives around the rest."""

    PARAMETERS = (
        Parameter(
            "compute_path.action",
            "~/compute_path_to_pose",
            "Action served for Nav2; empty: none. compute_path_to_pose stands in for planner_server",
            read_only=True,
        ),
        Parameter("compute_path.planner_id", "GridBased", "What a goal may call this planner"),
    )

    def __init__(self, node):
        """node: a LocalPlannerNode, as it is made."""
        self._node, self._map = node, None
        self._searching, self._counting, self._waiting = threading.Lock(), threading.Lock(), 0
        name = node.value("compute_path.action")
        self._serves = COMPUTE_PATH is not None and bool(name)
        if self._serves:
            action_server(node, COMPUTE_PATH, name, self._execute, self._accept, KEPT)

    def activate(self) -> None:
        self._map = None
        if self._serves:
            self._node.add_subscription(OccupancyGrid, "map", self._receive, LATCHED)

    def _receive(self, message: OccupancyGrid) -> None:
        self._map = None  # a map that cannot be read is not the last one
        self._map = (message.header.frame_id, Grid(*to_occupied(message)))

    def _accept(self, request) -> GoalResponse:
        with self._counting:
            takes = self._node.active and self._waiting < MOST_WAITING
            self._waiting += takes
        return GoalResponse.ACCEPT if takes else GoalResponse.REJECT

    def _execute(self, goal: ServerGoalHandle):
        started, path, error = time.monotonic(), None, None
        try:
            with self._searching:  # one after the other: each would slow the driving as much again
                path = self._plan(goal.request)
            goal.canceled() if goal.is_cancel_requested else goal.succeed()
        except Exception as failure:
            error = end_failed(self._node, goal, failure)
        finally:
            with self._counting:
                self._waiting -= 1
        return to_computed_path(path, time.monotonic() - started, error)

    def _plan(self, request) -> Path:
        node = self._node
        check_plugins(request, {"planner_id": node.value("compute_path.planner_id")})
        pose = node.require_pose()
        if self._map is None:
            raise GenModelsError(ErrorCode.INVALID_DATA, "No map that can be read was heard: is map_server active?")
        frame, grid = self._map
        odom = node.frames.odom_in(frame, "The map")
        start = node.frames.place(request.start, pose) if request.use_start else pose
        start, end = to_odom(odom, np.stack([start, node.frames.place(request.goal, pose)]))
        _check(grid, start, "start", ErrorCode.START_OUT_OF_LIMITS, ErrorCode.START_IN_COLLISION)
        _check(grid, end, "goal", ErrorCode.GOAL_OUT_OF_LIMITS, ErrorCode.GOAL_IN_COLLISION)
        route = plan_route(grid, start[:2], end[:2], CLEARANCES)
        if route is None or _is_too_narrow(grid, route):
            raise GenModelsError(ErrorCode.NO_SOLUTION, "There is no way on the map: choose another goal.")
        return to_path(_headed(route, end), frame, node.get_clock().now().nanoseconds * 1e-9)


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
