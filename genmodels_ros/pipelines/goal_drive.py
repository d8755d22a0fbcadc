"""One drive to a goal: where to look next, how much is left, whether it comes farther."""

import numpy as np

from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.pipelines.local_planning import Decision, LocalPlanner
from genmodels_ros.pipelines.observation import Observation
from genmodels_ros.pipelines.routes import CLEAR_SIGHT, LOOKAHEAD, Patience, densify, next_target, remaining, to_base
from genmodels_ros.pipelines.stopping import scan_points

LEAST_AHEAD = 0.6  # m that the target stays ahead even where somebody stands in the line of sight


class GoalDrive:
    """Along a route where there is one, else straight, around what is in the way."""

    def __init__(self, planner: LocalPlanner, goal: np.ndarray, route: np.ndarray | None = None):
        """goal [2] and route [P, 2] in odom, m; the route ends at the goal, or the goal is added to it."""
        self._aim(goal, route)
        planner.reset()
        self._planner, self._patience = planner, Patience()
        self._waited, self._counted = 0, -np.inf  # decisions without progress; stamp of the last one

    def _aim(self, goal: np.ndarray, route: np.ndarray | None) -> None:
        goal = np.asarray(goal, dtype=float)[:2]
        self._route = None if route is None else densify(np.concatenate([route[:, :2], goal[None]]))
        self._goal = goal

    def reroute(self, goal: np.ndarray, route: np.ndarray, position: np.ndarray) -> None:
        """Goes on along another route, from `position` [2] in odom, without starting anew: who plans once a second
        again must not lose the search under way, nor ever look as if there were progress."""
        before = self.left(position)
        self._aim(goal, route)
        self._patience.moved(self.left(position) - before)

    def step(self, observation: Observation) -> Decision:
        """The decision after an observation."""
        if not 0 <= observation.stamp - self._counted < 0.9 * TIME_STEP:  # a fast lidar does not shorten the patience
            self._waited = self._patience.waited(self.left(observation.pose[:2]))
            self._counted = observation.stamp
        target = to_base(observation.pose, self._target(observation))
        return self._planner.decide(observation, target, self._waited)

    def left(self, position: np.ndarray) -> float:
        """Metres to the goal from a place [2] in odom, along the route where there is one."""
        if self._route is None:
            return float(np.hypot(*(self._goal - position)))
        return remaining(self._route, position)

    def arrived(self, position: np.ndarray, tolerance: float) -> bool:
        return bool(np.hypot(*(self._goal - position)) < tolerance)

    def _target(self, observation: Observation) -> np.ndarray:
        position = observation.pose[:2]
        if self._route is None:
            to_goal = self._goal - position
            return position + to_goal * min(1.0, LOOKAHEAD / max(float(np.hypot(*to_goal)), 1e-6))
        seen = scan_points(observation, LOOKAHEAD)

        def is_clear(points: np.ndarray) -> bool:
            at = to_base(observation.pose, points)
            return not len(seen) or np.hypot(*(at[:, None] - seen).transpose(2, 0, 1)).min() > CLEAR_SIGHT

        return next_target(self._route, position, is_clear, LEAST_AHEAD)
