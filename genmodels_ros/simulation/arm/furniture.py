"""What stands around an arm, by families: tables, shelves, cages, bins, walls, floating solids, balls.

All in the arm's base frame, metres, drawn for an arm of REACH (space.py).
"""

import math
from collections.abc import Callable

import numpy as np

from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle, Sphere
from genmodels_ros.simulation.arm.space import MAX_OBSTACLES

BOARD = 0.02  # m, usual thickness of boards and panels


class _Place:
    """A frame somewhere around the arm, x away from it, in which furniture is built upright."""

    def __init__(self, position, yaw: float):
        self.position, self.yaw = np.array(position, dtype=float), yaw
        self.rotation = np.array(
            [[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]], dtype=float
        )

    @classmethod
    def around(cls, rng: np.random.Generator, near: float, far: float, low: float, high: float) -> "_Place":
        """At distance near to far in any direction (more often ahead), at height low to high, about facing the arm."""
        direction = rng.normal(0, 0.8) if rng.random() < 0.6 else rng.uniform(-math.pi, math.pi)
        distance = rng.uniform(near, far)
        position = (distance * math.cos(direction), distance * math.sin(direction), rng.uniform(low, high))
        return cls(position, direction + rng.normal(0, 0.25))

    def box(self, center, dims, tilt: float = 0.0) -> Box:
        return Box(self.at(center), np.maximum(dims, 0.005), _yaw(self.yaw + tilt))

    def cylinder(self, center, radius: float, height: float) -> Cylinder:
        return Cylinder(self.at(center), radius, height)

    def at(self, point) -> np.ndarray:
        return self.position + self.rotation @ np.asarray(point, dtype=float)


def _yaw(angle: float) -> tuple[float, float, float, float]:
    return 0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2)


def _things(place: _Place, rng: np.random.Generator, count: int, lower, upper) -> list[Obstacle]:
    """Boxes and cylinders standing on a surface spanning lower to upper [2], at lower height 0 of the place."""
    things: list[Obstacle] = []
    for _ in range(count):
        (x, y), height = rng.uniform(lower, upper), rng.uniform(0.05, 0.35)
        if rng.random() < 0.5:
            things.append(place.cylinder((x, y, height / 2), rng.uniform(0.02, 0.07), height))
        else:
            dims = (*rng.uniform(0.04, 0.2, 2), height)
            things.append(place.box((x, y, height / 2), dims, tilt=rng.uniform(0, math.pi)))
    return things


def _table(rng: np.random.Generator) -> list[Obstacle]:
    """A table, with or without legs, and things on it."""
    depth, width, thickness = rng.uniform(0.5, 1.2), rng.uniform(0.6, 1.8), rng.uniform(0.02, 0.06)
    place = _Place.around(rng, 0.2, 0.45, -0.15, 0.45)
    table: list[Obstacle] = [place.box((depth / 2, 0, -thickness / 2), (depth, width, thickness))]
    if rng.random() < 0.6:
        height = rng.uniform(0.3, 0.9)
        for x in (0.04, depth - 0.04):
            for y in (-width / 2 + 0.04, width / 2 - 0.04):
                table.append(place.box((x, y, -thickness - height / 2), (0.05, 0.05, height)))
    reach = min(depth, 0.6)
    return table + _things(
        place, rng, int(rng.integers(1, 9)), (0.0, -min(width / 2, 0.6)), (reach, min(width / 2, 0.6))
    )


def _shelf(rng: np.random.Generator) -> list[Obstacle]:
    """A bookcase: boards between two sides, with or without a back, things on the boards."""
    depth, width = rng.uniform(0.2, 0.7), rng.uniform(0.4, 1.3)
    boards, gap = int(rng.integers(2, 6)), rng.uniform(0.22, 0.42)
    thickness = rng.uniform(0.01, 0.05)
    place = _Place.around(rng, 0.35, 0.65, -0.2, 0.2)
    top = (boards - 1) * gap
    shelf: list[Obstacle] = [place.box((depth / 2, 0, k * gap), (depth, width, thickness)) for k in range(boards)]
    for side in (-1, 1):
        shelf.append(place.box((depth / 2, side * width / 2, top / 2), (depth, thickness, top + thickness)))
    if rng.random() < 0.3:
        shelf.append(place.box((depth, 0, top / 2), (thickness, width, top + thickness)))
    for _ in range(int(rng.integers(0, 10))):
        level, height = rng.integers(boards - 1), rng.uniform(0.05, 0.8 * gap)
        x, y = rng.uniform(0.05, depth), rng.uniform(-width / 2, width / 2)
        shelf.append(place.cylinder((x, y, level * gap + (thickness + height) / 2), rng.uniform(0.02, 0.06), height))
    return shelf


def _table_and_shelf(rng: np.random.Generator) -> list[Obstacle]:
    """A table on one side and a small shelf on another."""
    return _table(rng)[: MAX_OBSTACLES // 2] + _shelf(rng)[: MAX_OBSTACLES // 2]


def _cage(rng: np.random.Generator) -> list[Obstacle]:
    """Bars around a space that is open towards the arm or above."""
    depth, width, height, bar = (*rng.uniform(0.3, 0.6, 2), rng.uniform(0.3, 0.7), rng.uniform(0.015, 0.04))
    place = _Place.around(rng, 0.3, 0.5, 0.0, 0.4)
    cage: list[Obstacle] = [place.box((depth / 2, 0, 0), (depth, width, bar))]
    for x in (0, depth):
        for y in (-width / 2, width / 2):
            cage.append(place.box((x, y, height / 2), (bar, bar, height)))
    for level in rng.uniform(0.3, 1.0, int(rng.integers(1, 4))) * height:
        cage.append(place.box((depth, 0, level), (bar, width, bar)))
        for y in (-width / 2, width / 2):
            cage.append(place.box((depth / 2, y, level), (depth, bar, bar)))
    return cage


def _bin(rng: np.random.Generator) -> list[Obstacle]:
    """One or two bins, open above, standing on a table or on nothing."""
    found: list[Obstacle] = []
    for _ in range(int(rng.integers(1, 3))):
        depth, width, height = *rng.uniform(0.25, 0.5, 2), rng.uniform(0.12, 0.4)
        place = _Place.around(rng, 0.25, 0.5, -0.1, 0.3)
        found.append(place.box((depth / 2, 0, 0), (depth, width, BOARD)))
        for side in (-1, 1):
            found.append(place.box((depth / 2, side * width / 2, height / 2), (depth, BOARD, height)))
            found.append(place.box((depth / 2 * (1 + side), 0, height / 2), (BOARD, width, height)))
    if rng.random() < 0.5:
        found.append(Box((0.0, 0.0, -0.2 - BOARD), (2.5, 2.5, 0.1)))
    return found


def _walls(rng: np.random.Generator) -> list[Obstacle]:
    """Upright panels, some with a lintel, between which the arm must find its way."""
    walls: list[Obstacle] = []
    for _ in range(int(rng.integers(1, 5))):
        width, height = rng.uniform(0.2, 0.8), rng.uniform(0.3, 1.0)
        place = _Place.around(rng, 0.3, 0.6, 0.0, 0.2)
        walls.append(place.box((width / 2, 0, height / 2), (width, rng.uniform(0.01, 0.06), height)))
        if rng.random() < 0.3:
            walls.append(place.box((width / 2, 0, height), (width, rng.uniform(0.2, 0.6), BOARD)))
    return walls


def floating(rng: np.random.Generator, count: int | None = None) -> list[Obstacle]:
    """Boxes and cylinders at any height in any orientation."""
    solids: list[Obstacle] = []
    for _ in range(count or int(rng.integers(2, 13))):
        center = _around_the_arm(rng)
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        if rng.random() < 0.6:
            solids.append(Box(center, rng.uniform(0.03, 0.4, 3), quaternion))
        else:
            solids.append(Cylinder(center, rng.uniform(0.02, 0.12), rng.uniform(0.05, 0.6), quaternion))
    return solids


def _spheres(rng: np.random.Generator) -> list[Obstacle]:
    """Balls in the air, of one size or several."""
    size = rng.uniform(0.05, 0.18)
    spread = rng.choice([0.0, 0.5])
    return [
        Sphere(_around_the_arm(rng), size * (1 + spread * rng.uniform(-1, 1))) for _ in range(int(rng.integers(4, 19)))
    ]


def _around_the_arm(rng: np.random.Generator) -> np.ndarray:
    angle, radius = rng.uniform(-math.pi, math.pi), rng.uniform(0.2, 0.85)
    return np.array([radius * math.cos(angle), radius * math.sin(angle), rng.uniform(0.0, 1.1)])


FAMILIES: tuple[Callable[[np.random.Generator], list[Obstacle]], ...] = (
    _table,
    _shelf,
    _table_and_shelf,
    _cage,
    _bin,
    _walls,
    floating,
    _spheres,
)
WEIGHTS = (0.2, 0.24, 0.12, 0.08, 0.08, 0.06, 0.08, 0.14)
