"""A closed track on the floor and the driver who follows it.

Frame: map, x and y in m, z = 0 on the floor. A lane is a closed polyline of points a few centimetres apart, in the
order in which they are driven. Steering is in [-1, 1], positive to the right, as in Donkey Car recordings.
"""

import math
from dataclasses import dataclass

import numpy as np

POINTS = 600
LOOK_AHEAD = 0.8  # m
TURNING_RADIUS = 0.7  # m, at full steering


@dataclass(frozen=True)
class Track:
    """The middle of the lane [POINTS, 2] in m, its direction of driving, and its width in m."""

    lane: np.ndarray
    width: float

    def heading(self, index: int) -> float:
        """Direction of driving at a point of the lane, rad."""
        dx, dy = self.lane[(index + 1) % len(self.lane)] - self.lane[index - 1]
        return math.atan2(dy, dx)

    def pose(self, index: int, offset: float = 0.0, turned: float = 0.0) -> tuple[float, float, float]:
        """x, y, yaw of a car `offset` m to the left of a point of the lane and turned by `turned` rad to the left."""
        yaw = self.heading(index)
        x, y = self.lane[index] + offset * np.array([-math.sin(yaw), math.cos(yaw)])
        return float(x), float(y), yaw + turned

    def steering(self, pose: tuple[float, float, float]) -> float:
        """The driver's: curvature of the arc to the lane's point LOOK_AHEAD m ahead, over the tightest one.

        Pure pursuit (Coulter 1992): curvature 2 sin(bearing) / distance. In [-1, 1], positive to the right.
        """
        x, y, yaw = pose
        dx, dy = self._ahead(np.array([x, y])) - (x, y)
        bearing = math.atan2(dy, dx) - yaw
        curvature = 2 * math.sin(bearing) / math.hypot(dx, dy)
        return float(np.clip(-curvature * TURNING_RADIUS, -1, 1))

    def side(self, offset: float) -> np.ndarray:
        """The lane's middle moved to the left by `offset` m, [POINTS, 2]."""
        return self.lane + offset * _normals(self.lane)

    def _ahead(self, place: np.ndarray) -> np.ndarray:
        """The point LOOK_AHEAD m along the lane from the one nearest to `place`."""
        nearest = int(np.argmin(np.square(self.lane - place).sum(1)))
        ahead = np.roll(self.lane, -nearest, axis=0)
        travelled = np.cumsum(np.linalg.norm(np.diff(ahead, axis=0), axis=1))
        return ahead[1 + int(np.searchsorted(travelled, LOOK_AHEAD))]


def random_track(rng: np.random.Generator, tries: int = 200) -> Track:
    """A smooth closed lane that bends both ways, driven in either direction, and never crosses itself.

    A circle of 1.3 to 2.4 m whose radius varies by three harmonics. Bends are no tighter than half the lane's width
    and a bit, or lines beside it would fold.
    """
    angle = np.linspace(0, 2 * math.pi, POINTS, endpoint=False)
    width = rng.uniform(0.5, 0.85)
    for attempt in range(tries):
        shape = 1.0 - attempt / tries  # wild ones first
        radius = sum(
            shape * rng.uniform(0, amplitude) * np.cos(k * angle + rng.uniform(0, 2 * math.pi))
            for k, amplitude in ((2, 0.35), (3, 0.25), (4, 0.12))
        )
        scale = rng.uniform(1.3, 2.4) * (1 + radius)
        lane = np.stack([rng.uniform(0.9, 1.5) * scale * np.cos(angle), scale * np.sin(angle)], axis=1)
        if _is_drivable(lane, width):
            break
    return Track(lane if rng.random() < 0.5 else lane[::-1].copy(), width)


def _is_drivable(lane: np.ndarray, width: float) -> bool:
    sides = np.concatenate([lane + side * width * _normals(lane) for side in (-0.5, 0.5)])
    gaps = np.linalg.norm(sides[None, ::12] - lane[::6, None], axis=2)
    return bool(_turning_radius(lane).min() > 0.5 * width + 0.25 and gaps.min() > 0.48 * width)


def _turning_radius(lane: np.ndarray) -> np.ndarray:
    """Of the circle through a point and the 10th ones before and after it, m (Menger curvature)."""
    before, after = np.roll(lane, 10, axis=0), np.roll(lane, -10, axis=0)
    a, b, c = (np.linalg.norm(u, axis=1) for u in (lane - before, after - lane, after - before))
    (ux, uy), (vx, vy) = (lane - before).T, (after - before).T
    return a * b * c / np.maximum(2 * np.abs(ux * vy - uy * vx), 1e-9)


def _normals(lane: np.ndarray) -> np.ndarray:
    """Unit vectors to the left of the direction of driving."""
    dx, dy = (np.roll(lane, -1, axis=0) - np.roll(lane, 1, axis=0)).T
    return np.stack([-dy, dx], axis=1) / np.hypot(dx, dy)[:, None]
