"""Routes on a map: planned with room to swerve, followed by a target that moves ahead of the robot."""

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

LOOKAHEAD = 1.4  # m along the route to the next target, if the base can go there straight
SPACING = 0.05  # m between points of a route
CLEAR_SIGHT = 0.15  # m that the line to the target stays away from walls
STRAYED = 0.6  # m away from the route at which a new one is planned
ROUTE_CLEARANCES = (0.38, 0.26, 0.1)  # m between route and walls: room to swerve, where there is any
LONGEST = 5000.0  # m: a point each SPACING of a longer one would not be a route but a way to fill the memory


class Grid(Protocol):
    """A map that knows distances to what is occupied and shortest paths, as simulation.occupancy.OccupancyGrid does."""

    distance: np.ndarray  # [rows, columns] m

    def cell(self, point) -> tuple[int, int]: ...

    def shortest_path(self, start, goal, clearance: float) -> np.ndarray | None: ...


class Patience:
    """Counts decisions since the way left last became shorter."""

    def __init__(self):
        self._least, self._waited = np.inf, 0

    def waited(self, remaining: float) -> int:
        """To be called once a decision with the metres left."""
        self._waited = 0 if remaining < self._least - SPACING / 2 else self._waited + 1
        self._least = min(self._least, remaining)
        return self._waited

    def moved(self, by: float) -> None:
        """The way left has become `by` m longer without the robot: its route is another one now."""
        self._least += by


def plan_route(grid: Grid, start, goal, clearances: tuple[float, ...] = ROUTE_CLEARANCES) -> np.ndarray | None:
    """The shortest way [K, 2] that keeps the best of `clearances` m, the largest first; None where no way keeps any."""
    for clearance in clearances:
        corners = grid.shortest_path(start, goal, clearance)
        if corners is not None:
            return densify(corners)
    return None


def densify(corners: np.ndarray) -> np.ndarray:
    """Points [K, 2] at most SPACING metres apart along a polyline [P, 2].

    Raises GenModelsError(INVALID_PATH) for one longer than LONGEST.
    """
    length = float(np.hypot(*np.diff(corners, axis=0).T).sum())
    if not length <= LONGEST:
        raise GenModelsError(ErrorCode.INVALID_PATH, f"A route is {LONGEST:g} m long at most, got {length:.3g} m.")
    pieces = [
        np.linspace(a, b, max(int(np.ceil(np.hypot(*(b - a)) / SPACING)), 1), endpoint=False)
        for a, b in pairwise(corners)
    ]
    return np.concatenate([*pieces, corners[-1:]])


def strayed(route: np.ndarray, position: np.ndarray) -> bool:
    """Whether `position` is too far from the route to go on with it."""
    return bool(np.hypot(*(route - position).T).min() > STRAYED)


def clear_on(grid: Grid) -> Callable[[np.ndarray], bool]:
    """Whether points [K, 2] keep CLEAR_SIGHT away from what the map shows."""
    return lambda points: all(grid.distance[grid.cell(point)] > CLEAR_SIGHT for point in points)


def next_target(
    route: np.ndarray, position: np.ndarray, is_clear: Callable[[np.ndarray], bool], least: float = 0.0
) -> np.ndarray:
    """The point [2] of the route, LOOKAHEAD ahead or nearer, but not than `least` m, to which the way is clear.

    is_clear(points [K, 2]): whether the base can stand at all of them, as far as what stands still goes.
    """
    here = nearest(route, position)
    for ahead in range(round(LOOKAHEAD / SPACING), round(least / SPACING), -2):
        target = route[min(here + ahead, len(route) - 1)]
        line = np.linspace(position, target, max(2, int(np.hypot(*(target - position)) / SPACING)))
        if is_clear(line[2:]):
            return target
    return target


def to_base(pose: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points [*, 2] of odom in base_link, for the base at `pose` (x, y, yaw)."""
    cos, sin = np.cos(pose[2]), np.sin(pose[2])
    return (points - pose[:2]) @ np.array([[cos, -sin], [sin, cos]])


def to_odom(pose: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses [*, 3] of base_link in odom, for the base at `pose` (x, y, yaw)."""
    cos, sin = np.cos(pose[2]), np.sin(pose[2])
    xy = poses[..., :2] @ np.array([[cos, sin], [-sin, cos]]) + pose[:2]
    yaw = poses[..., 2:] + pose[2]
    return np.concatenate([xy, np.arctan2(np.sin(yaw), np.cos(yaw))], axis=-1)


def remaining(route: np.ndarray, position: np.ndarray) -> float:
    """Metres left: along the route [K, 2] from its point nearest to `position`, and to that point."""
    here = nearest(route, position)
    return float(np.hypot(*np.diff(route[here:], axis=0).T).sum() + np.hypot(*(route[here] - position)))


def nearest(route: np.ndarray, position: np.ndarray) -> int:
    """Index of the point of the route [K, 2] nearest to `position`."""
    return int(np.argmin(np.hypot(*(route - position).T)))
