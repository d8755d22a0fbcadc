"""Driving a mobile base towards a target, decision by decision: search, safety stop, recovery.

planner = LocalPlanner(ImaginedFutures(WorldModel.from_checkpoint()))
decision = planner.decide(observation, target)      # target [2] in base_link, m
decision.command, decision.state                    # [2] m/s, rad/s
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Protocol

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.drive_costs import DriveWeights, drive_costs
from genmodels_ros.pipelines.mobile.mppi import Bounds, Mppi, MppiSettings
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.recovery import Recovery
from genmodels_ros.pipelines.mobile.routes import to_base, to_odom
from genmodels_ros.pipelines.mobile.stopping import Braking, must_stop, scan_points
from genmodels_ros.pipelines.mobile.world_model import WorldModel

SOON = 1  # step at which a collision can no longer be planned away: 0.4 s
REACH = 3.0  # m of the scan that the safety stop looks at
PLANNING = MppiSettings(iterations=3)  # nothing to start from, and no next decision to do better
STANDSTILL = np.zeros(2)
TURN_GAIN, LEAST_TURN_RATE = 1.2, 0.2  # 1/s, rad/s: of the last turn; slow enough for a base that is 0.25 s late


class DriveState(StrEnum):
    """What the planner does, and why it stands if it does."""

    DRIVING = "driving"
    STOPPED = "stopped"  # something stands within the stopping distance
    CORNERED = "cornered"  # every candidate is likely to touch something at once
    WAITING = "waiting"  # somebody moves in the way, or no manoeuvre is safe
    RECOVERING = "recovering"  # backing off or turning on the spot
    STUCK = "stuck"  # nothing helped


class Futures(Protocol):
    """What rolls out commands [N, T, 2] into poses [N, T, 3] in base_link and P(touched by t) [N, T]."""

    def observe(self, observation: Observation) -> bool: ...

    def told(self, command: np.ndarray) -> None: ...

    def __call__(self, commands: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


class ImaginedFutures:
    """Futures by the world model, in its latent space: no scan is decoded."""

    def __init__(self, world: WorldModel):
        self.world = world

    def observe(self, observation: Observation) -> bool:
        return self.world.observe(observation)

    def told(self, command: np.ndarray) -> None:
        self.world.told(command)

    def __call__(self, commands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        futures = self.world.imagine(commands)
        return futures.poses, futures.collision_probability


@dataclass(frozen=True)
class Decision:
    """What to do now, and what is expected of it."""

    command: np.ndarray  # [2] m/s, rad/s
    state: DriveState
    poses: np.ndarray  # [T, 3] in base_link
    probability: np.ndarray  # [T] of having touched something by then


@dataclass(frozen=True)
class LocalPlannerSettings:
    """cornered: least probability of touching something within 0.4 s, of all candidates, at which the base brakes."""

    bounds: Bounds = Bounds()
    search: MppiSettings = MppiSettings()
    weights: DriveWeights = DriveWeights()
    braking: Braking = Braking()
    cornered: float = 0.6


class LocalPlanner:
    """One decision an observation. `futures` tells what commands lead to; the safety stop looks at the scan itself."""

    def __init__(self, futures: Futures, settings: LocalPlannerSettings = LocalPlannerSettings(), seed: int = 0):
        self.futures, self.settings = futures, settings
        self._mppi, self._recovery = Mppi(settings.bounds, settings.search, seed), Recovery()
        self.reset()

    def reset(self) -> None:
        """As if nothing had been decided before; what `futures` has seen stays."""
        self._mppi.reset(), self._recovery.reset()
        self._last: Decision | None = None
        self._stamp = -np.inf

    def limit_speed(self, share: float) -> None:
        """Drives at no more than `share` of the settings' speeds, forwards, backwards and turning, from now on; 1 or
        more: at those. Bends stay what they were, as in Nav2's MPPI controller."""
        bounds, share = self.settings.bounds, min(share, 1.0)
        slower = {name: share * getattr(bounds, name) for name in ("forwards", "backwards", "turn_rate")}
        self._mppi.keep_within(replace(bounds, **slower))

    def decide(self, observation: Observation, target: np.ndarray, waited: int = 0) -> Decision:
        """The command from now on towards `target` [2] in base_link; waited: decisions without progress so far.

        An observation that `futures` leaves out, because it came soon after another, only serves the safety stop.
        """
        points = scan_points(observation, REACH)
        if self.futures.observe(observation):
            self._last = self._searched(observation, points, target, waited)
            self._stamp = observation.stamp
        elif self._last is None:
            self._last = Decision(STANDSTILL, DriveState.WAITING, np.zeros((1, 3)), np.zeros(1))
        if must_stop(points, self._last.command, self.settings.braking):
            standing = np.array([0.0, self._last.command[1]])  # a round base may turn
            self._last = replace(self._last, command=standing, state=DriveState.STOPPED)
        self.futures.told(self._last.command)
        return self._last

    def turn(self, observation: Observation, angle: float) -> Decision:
        """Turns a round base on the spot by `angle` rad, counter-clockwise, which sweeps nothing that it does not
        touch already."""
        self.futures.observe(observation)
        rate = np.copysign(max(TURN_GAIN * abs(angle), LEAST_TURN_RATE), angle)
        command = self._mppi.slow_enough(np.array([0.0, rate]))
        self._last = Decision(command, DriveState.DRIVING, np.zeros((1, 3)), np.zeros(1))
        self.futures.told(command)
        return self._last

    def _searched(self, observation: Observation, points: np.ndarray, target: np.ndarray, waited: int) -> Decision:
        command = STANDSTILL if self._last is None else self._last.command
        manoeuvre = self._recovery.manoeuvre(self.futures, points, observation.pose, waited)
        if manoeuvre is not None:
            commands = self._mppi.slow_enough(manoeuvre.commands)
            poses, probability = self.futures(commands[None])
            return Decision(commands[0], DriveState(manoeuvre.state), poses[0], probability[0])
        elapsed = observation.stamp - self._stamp
        cost = partial(drive_costs, target=target, waited=waited, weights=self.settings.weights)
        solution = self._mppi.solve(self.futures, cost, command, elapsed if 0 <= elapsed < 1 else None)
        if solution.least_probability[SOON] > self.settings.cornered:
            return Decision(STANDSTILL, DriveState.CORNERED, solution.poses, solution.probability)
        return Decision(solution.commands[0], DriveState.DRIVING, solution.poses, solution.probability)


def plan(world: WorldModel, goal, settings: MppiSettings = PLANNING, seed: int = 0) -> np.ndarray:
    """Imagined poses [K, 3] in odom of the best way found towards `goal` (x, y[, yaw] in odom, m), the present first.

    It ends at the model's horizon, or where it is nearest to the goal if that is sooner. A collision that no way avoids
    does not keep it from being told: ask `imagine` or `score_paths` how likely one is.
    Raises GenModelsError: NO_OBSERVATION before the first scan; NOT_FINITE, WRONG_LENGTH for a goal that is no place.
    """
    goal = checked_goal(goal)
    observation = world.last_observation
    if observation is None:
        raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: a plan needs a scan and odometry first.")
    target = to_base(observation.pose, goal)
    command = observation.twist if observation.command is None else observation.command
    cost = partial(drive_costs, target=target)
    solution = Mppi(settings=settings, seed=seed).solve(ImaginedFutures(world), cost, command)
    poses = np.concatenate([np.zeros((1, 3)), solution.poses])
    end = int(np.argmin(np.hypot(*(poses[:, :2] - target).T)))
    return to_odom(observation.pose, poses[: max(end, 1) + 1])


def checked_goal(goal) -> np.ndarray:
    """The place [2] of a goal. Raises GenModelsError: NOT_FINITE, WRONG_LENGTH."""
    goal = np.asarray(goal, dtype=float)
    if goal.shape not in ((2,), (3,)):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"A goal is x, y and perhaps yaw, got shape {goal.shape}.")
    if not np.isfinite(goal).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"The goal must be finite, got {goal.tolist()}.")
    return goal[:2]
