"""Where the people of a floor plan are: back and forth along their waypoints, at their own pace."""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from genmodels_ros.simulation.floor.gait import cycle_length, leg_positions, longest_reach
from genmodels_ros.simulation.floor.plan import Walker

YIELD_DISTANCE = 0.3  # m from a robot, where those who yield stop
BUMP_DEPTH, BUMP_REST = 0.02, 2.0  # who has walked this far into a robot (m) stands for so long (s)
PACE_TIME = 2.0  # correlation time of a walker's pace, s
SLOWEST, FASTEST = 0.2, 1.6  # m/s, between which a pace changes
ACCELERATION = 1.5  # m/s², of those whose pace changes
HALT = (0.5, 4.0)  # s
TURN_RATE = 5.0  # of the body of someone with legs, rad/s
STEP_IN = 0.3  # s, in which feet come side by side after a stop


class WalkerMotion:
    """One walker's progress along the legs of its way, a rest at either end; ways are never left.

    With neither `pace_spread` nor `halts` the walker goes at constant speed, or stands. `rng` is needed for those.
    """

    def __init__(self, walker: Walker, rng: np.random.Generator | None = None):
        self.walker, self._rng = walker, rng
        self._points = np.array(walker.waypoints, float)
        legs = np.diff(self._points, axis=0)
        lengths = np.linalg.norm(legs, axis=1)
        self._marks = np.concatenate([[0.0], np.cumsum(lengths)]).tolist()
        self._directions = (legs / np.maximum(lengths, 1e-9)[:, None]).tolist()
        self._starts = self._points[:-1].tolist()
        self.length = self._marks[-1]
        self.direction = 1
        self.rest, self.speed = 0.0, 0.0
        self.travelled = walker.start % (2 * self.length)
        if self.travelled > self.length:
            self.travelled, self.direction = 2 * self.length - self.travelled, -1
        self.pose = self._pose()  # x, y [m] and heading [rad] in the map
        self._is_regular = walker.pace_spread == 0 and walker.halts == 0
        self._drift, self._phase, self._reach = 0.0, 0.0, 0.0
        self._heading = self.pose[2]
        self._cycle, self._longest_reach = cycle_length(walker), longest_reach(walker)

    def _pose(self) -> tuple[float, float, float]:
        leg = min(max(bisect_left(self._marks, self.travelled) - 1, 0), len(self._directions) - 1)
        (x, y), (dx, dy) = self._starts[leg], self._directions[leg]
        along = self.travelled - self._marks[leg]
        return x + along * dx, y + along * dy, math.atan2(self.direction * dy, self.direction * dx)

    @property
    def legs(self) -> tuple[tuple[float, float], ...]:
        """Middles (x, y) of the left and the right leg, m in the map; nothing for a walker without."""
        if not self.walker.legs:
            return ()
        x, y, _ = self.pose
        return leg_positions(self.walker, (x, y, self._heading), self._phase, self._reach)

    def advance(self, duration: float, robots: Sequence[tuple[float, ...]] = (), yields: bool = True) -> None:
        """Walks on for `duration` s.

        Stops where one of `robots` (x, y, radius) stands within YIELD_DISTANCE ahead or, if it does not yield, after a
        bump.
        """
        self.speed = self._next_speed(duration, robots, yields)
        if self.speed > 0:
            self.travelled += self.direction * self.speed * duration
            if not 0 < self.travelled < self.length:
                self.travelled = min(max(self.travelled, 0.0), self.length)
                self.direction, self.rest, self.speed = -self.direction, self.walker.pause, 0.0
            self.pose = self._pose()
        if self.walker.legs:
            self._step(duration)

    def _next_speed(self, duration: float, robots, yields: bool) -> float:
        wanted = self.walker.speed
        if any(self._is_blocked_by(robot, YIELD_DISTANCE if yields else -BUMP_DEPTH) for robot in robots):
            self.rest = max(self.rest, 0.0 if yields else BUMP_REST)
            return 0.0
        if self.rest > 0:
            self.rest -= duration
            wanted = 0.0
        if self._is_regular:
            return wanted
        if wanted > 0:
            wanted = self._changing_pace(duration)
        change = ACCELERATION * duration
        return min(max(wanted, self.speed - change), self.speed + change)

    def _changing_pace(self, duration: float) -> float:
        """An Ornstein-Uhlenbeck process around the walker's speed, slower towards the end of the way."""
        spread, keep = self.walker.pace_spread, 1 - duration / PACE_TIME
        self._drift = keep * self._drift + spread * math.sqrt(2 * duration / PACE_TIME) * self._rng.standard_normal()
        if self._rng.random() < self.walker.halts * duration:
            self.rest = self._rng.uniform(*HALT)
            return 0.0
        remaining = self.length - self.travelled if self.direction > 0 else self.travelled
        pace = min(max(self.walker.speed + self._drift, SLOWEST), FASTEST)
        return min(pace, math.sqrt(2 * ACCELERATION * remaining) + 0.1)

    def _step(self, duration: float) -> None:
        wanted = self._longest_reach if self.speed > 0 else 0.0
        self._reach += (wanted - self._reach) * min(1.0, duration / STEP_IN)
        self._phase += self.speed * duration / self._cycle
        turn = math.remainder(self.pose[2] - self._heading, 2 * math.pi)
        self._heading += min(max(turn, -TURN_RATE * duration), TURN_RATE * duration)

    def _is_blocked_by(self, robot, distance: float) -> bool:
        x, y, heading = self.pose
        dx, dy = robot[0] - x, robot[1] - y
        near = math.hypot(dx, dy) < self.walker.radius + robot[2] + distance
        return near and dx * math.cos(heading) + dy * math.sin(heading) > 0
