"""One drive to a goal: where to look next, how much is left, whether it comes farther."""

from dataclasses import replace

import numpy as np

from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.pipelines.mobile.local_planning import Decision, DriveState, LocalPlanner
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.routes import (
    CLEAR_SIGHT,
    LOOKAHEAD,
    Patience,
    densify,
    next_target,
    remaining,
    to_base,
)
from genmodels_ros.pipelines.mobile.stopping import scan_points

TURNING_PATIENCE = 50  # decisions without progress until turning in the end is given up
SAME_GOAL = 0.05  # m, rad
LEAST_AHEAD = 0.6  # m that the target stays ahead even where somebody stands in the line of sight


class GoalDrive:
    """Along a route where there is one, else straight, around what is in the way."""

    def __init__(
        self, planner: LocalPlanner, goal: np.ndarray, route: np.ndarray | None = None, heading_tolerance: float = np.pi
    ):
        """goal [3] and route [P, 2] in odom; the route ends at the goal, or the goal is added to it.

        heading_tolerance: rad from the goal's yaw to which it turns on the spot in the end; π: any yaw will do, and the
        goal needs none.
        """
        self._heading_tolerance = heading_tolerance
        self._aim(goal, route)
        planner.reset()
        self._planner, self._patience = planner, Patience()
        self._waited, self._counted = 0, -np.inf  # decisions without progress; stamp of the last one

    def _aim(self, goal: np.ndarray, route: np.ndarray | None) -> None:
        goal = np.asarray(goal, dtype=float)
        self._route = None if route is None else densify(np.concatenate([route[:, :2], goal[None, :2]]))
        self._goal, self._yaw, self._turns = goal[:2], goal[2] if len(goal) > 2 else None, False

    def reroute(self, goal: np.ndarray, route: np.ndarray, position: np.ndarray) -> None:
        """Goes on along another route, from `position` [2] in odom, without starting anew: who plans once a second
        again must not lose the search under way, nor ever look as if there were progress."""
        before, turns, (x, y), yaw = self.left(position), self._turns, self._goal, self._yaw
        self._aim(goal, route)
        self._turns = turns and np.allclose((x, y, yaw), (*self._goal, self._yaw), atol=SAME_GOAL)
        if not turns:
            self._patience.moved(self.left(position) - before)
        elif not self._turns:
            self._patience = Patience()

    def step(self, observation: Observation) -> Decision:
        """The decision after an observation."""
        if not 0 <= observation.stamp - self._counted < 0.9 * TIME_STEP:  # a fast lidar does not shorten the patience
            left = abs(self._off(observation.pose)) if self._turns else self.left(observation.pose[:2])
            self._waited, self._counted = self._patience.waited(left), observation.stamp
        if self._turns:
            decision = self._planner.turn(observation, self._off(observation.pose))
            return replace(decision, state=DriveState.STUCK) if self._waited > TURNING_PATIENCE else decision
        target = to_base(observation.pose, self._target(observation))
        return self._planner.decide(observation, target, self._waited)

    def left(self, position: np.ndarray) -> float:
        """Metres to the goal from a place [2] in odom, along the route where there is one."""
        if self._route is None:
            return float(np.hypot(*(self._goal - position)))
        return remaining(self._route, position)

    def arrived(self, pose: np.ndarray, tolerance: float) -> bool:
        """Whether the base at `pose` [3] in odom has come within `tolerance` m of the goal and looks where it shall.

        Once it has come there it only turns, even where that moves it a little.
        """
        if not self._turns:
            if np.hypot(*(self._goal - pose[:2])) >= tolerance:
                return False
            self._patience = Patience()  # from here on it counts radians
        self._turns = abs(self._off(pose)) > self._heading_tolerance
        return not self._turns

    def _off(self, pose: np.ndarray) -> float:
        """rad that it has to turn, counter-clockwise."""
        return 0.0 if self._yaw is None else float(np.angle(np.exp(1j * (self._yaw - pose[2]))))

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
