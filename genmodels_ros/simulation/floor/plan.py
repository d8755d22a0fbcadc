"""Floors a mobile robot drives on: walls, doors, furniture, and people who walk about.

A FloorPlan is plain data in the map frame (x, y in metres, z up from the floor), whatever it came from: a random
generator (floor_layouts), a drawing, or an occupancy grid of a real building.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from genmodels_ros.simulation.floor.occupancy import OccupancyGrid, rasterise
from genmodels_ros.simulation.solids import Furniture, Solid

Bounds = tuple[float, float, float, float]
Segment = tuple[float, float, float, float]

WALL_THICKNESS = 0.12
ROBOT_HEIGHT = 0.4


@dataclass(frozen=True)
class Door:
    """An opening in a wall: its middle (x, y), the wall's direction (yaw), clear width and the wall's thickness, m."""

    x: float
    y: float
    yaw: float
    width: float
    thickness: float = WALL_THICKNESS


@dataclass(frozen=True)
class Walker:
    """Someone who goes back and forth along waypoints ((x, y), ...) at `speed` m/s and rests `pause` s at either end.

    kind: person or robot; radius and height [m] of the upright cylinder that collisions see; start: metres already
    walked at time 0; pace_spread: standard deviation of the speed in time, m/s; halts: stops on the way, 1/s; legs:
    radius [m] of the two legs that a lidar sees instead of the cylinder, 0 if it sees that.
    """

    waypoints: tuple[tuple[float, float], ...]
    speed: float
    radius: float = 0.25
    height: float = 1.7
    kind: str = "person"
    color: tuple[float, float, float] = (0.2, 0.3, 0.6)
    pause: float = 1.0
    start: float = 0.0
    pace_spread: float = 0.0
    halts: float = 0.0
    legs: float = 0.0


@dataclass(frozen=True)
class FloorPlan:
    """bounds: (x_min, y_min, x_max, y_max); walls: boxes; style: seed of the colours and lights of pictures."""

    bounds: Bounds
    walls: tuple[Solid, ...] = ()
    doors: tuple[Door, ...] = ()
    furniture: tuple[Furniture, ...] = ()
    walkers: tuple[Walker, ...] = ()
    wall_height: float = 2.5
    style: int = 0

    @property
    def solids(self) -> tuple[Solid, ...]:
        """Everything that stands still."""
        return (*self.walls, *(part for piece in self.furniture for part in piece.solids()))

    def occupancy(self, resolution: float = 0.05, height: float = ROBOT_HEIGHT) -> OccupancyGrid:
        """The grid of what stands still and reaches below `height` m, which a robot of that height could hit."""
        grids = self.__dict__.setdefault("_grids", {})
        if (resolution, height) not in grids:
            low = [solid for solid in self.solids if solid.bottom < height]
            grids[resolution, height] = rasterise(low, self.bounds, resolution)
        return grids[resolution, height]

    def sample_free(self, rng: np.random.Generator, count: int = 1, clearance: float = 0.3) -> np.ndarray:
        """[count, 2] points that reach each other with `clearance` m on either side; [0, 2] where there are none."""
        return self.occupancy(0.1).sample(rng, count, clearance)

    def shortest_path(self, start, goal, clearance: float = 0.3) -> np.ndarray | None:
        """[P, 2] waypoints for a robot among what stands still, or None."""
        return self.occupancy(0.1).shortest_path(start, goal, clearance)

    def with_walkers(self, walkers) -> "FloorPlan":
        return replace(self, walkers=tuple(walkers))


def wall(segment: Segment, height: float = 2.5, thickness: float = WALL_THICKNESS, color=(0.9, 0.88, 0.84)) -> Solid:
    """The upright box along a segment (x0, y0, x1, y1), prolonged by half its thickness so that corners close."""
    x0, y0, x1, y1 = segment
    length = math.hypot(x1 - x0, y1 - y0) + thickness
    center = ((x0 + x1) / 2, (y0 + y1) / 2, height / 2)
    return Solid("box", center, (length, thickness, height), math.atan2(y1 - y0, x1 - x0), color, "wall")


def plan_from_segments(segments, height: float = 2.5, thickness: float = WALL_THICKNESS) -> FloorPlan:
    """A floor with walls along the segments [N, 4] (x0, y0, x1, y1), m."""
    segments = np.asarray(segments, float).reshape(-1, 4)
    points = segments.reshape(-1, 2)
    bounds = (*(points.min(axis=0) - thickness), *(points.max(axis=0) + thickness))
    return FloorPlan(bounds, tuple(wall(tuple(s), height, thickness) for s in segments), wall_height=height)


def plan_from_occupancy(occupied: np.ndarray, resolution: float, origin=(0.0, 0.0), height: float = 2.5) -> FloorPlan:
    """A floor whose occupied cells (bool [rows (y), columns (x)]) are walls; equal runs of adjacent rows are merged."""
    walls, growing = [], {}
    for row in range(occupied.shape[0] + 1):
        runs = set(_runs(occupied[row])) if row < occupied.shape[0] else set()
        for run in [r for r in growing if r not in runs]:
            walls.append(_block(run, growing.pop(run), row, resolution, origin, height))
        for run in runs:
            growing.setdefault(run, row)
    rows, columns = occupied.shape
    bounds = (*origin, origin[0] + columns * resolution, origin[1] + rows * resolution)
    return FloorPlan(bounds, tuple(walls), wall_height=height)


def _runs(cells: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], cells.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _block(columns, first_row, end_row, resolution, origin, height) -> Solid:
    dims = ((columns[1] - columns[0]) * resolution, (end_row - first_row) * resolution, height)
    middle = (origin[0] + sum(columns) / 2 * resolution, origin[1] + (first_row + end_row) / 2 * resolution, height / 2)
    return Solid("box", middle, dims, 0.0, (0.9, 0.88, 0.84), "wall")
