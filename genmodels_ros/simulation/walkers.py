"""Where the people of a floor plan are: back and forth along their waypoints, at their own pace."""

import math

import numpy as np

from genmodels_ros.simulation.floor_plan import Walker

YIELD_DISTANCE = 0.3


class WalkerMotion:
    """One walker's progress: straight legs between waypoints, a rest at either end; ways are never left."""

    def __init__(self, walker: Walker):
        self.walker = walker
        self._points = np.array(walker.waypoints, float)
        legs = np.diff(self._points, axis=0)
        lengths = np.linalg.norm(legs, axis=1)
        self._marks = np.concatenate([[0.0], np.cumsum(lengths)]).tolist()
        self._directions = (legs / np.maximum(lengths, 1e-9)[:, None]).tolist()
        self._starts = self._points[:-1].tolist()
        self.length = self._marks[-1]
        self.direction = 1
        self.rest = 0.0
        self.travelled = walker.start % (2 * self.length)
        if self.travelled > self.length:
            self.travelled, self.direction = 2 * self.length - self.travelled, -1

    @property
    def pose(self) -> tuple[float, float, float]:
        """x, y [m] and heading [rad] in the map."""
        leg = 0
        while leg < len(self._directions) - 1 and self.travelled > self._marks[leg + 1]:
            leg += 1
        (x, y), (dx, dy) = self._starts[leg], self._directions[leg]
        along = self.travelled - self._marks[leg]
        return x + along * dx, y + along * dy, math.atan2(self.direction * dy, self.direction * dx)

    def advance(self, duration: float, robot: tuple[float, float, float] | None = None) -> None:
        """Walks on for `duration` s; stops where a robot (x, y, radius) stands within YIELD_DISTANCE ahead."""
        if self.rest > 0:
            self.rest -= duration
            return
        if robot is not None and self._is_blocked_by(robot):
            return
        self.travelled += self.direction * self.walker.speed * duration
        if not 0 < self.travelled < self.length:
            self.travelled = min(max(self.travelled, 0.0), self.length)
            self.direction, self.rest = -self.direction, self.walker.pause

    def _is_blocked_by(self, robot) -> bool:
        x, y, heading = self.pose
        dx, dy = robot[0] - x, robot[1] - y
        near = math.hypot(dx, dy) < self.walker.radius + robot[2] + YIELD_DISTANCE
        return near and dx * math.cos(heading) + dy * math.sin(heading) > 0
