"""A world that the model makes up: every predicted scan is observed again, so that it goes on for as long as one likes.

dream = Dream(world, seed=1)            # from the present moment of a WorldModel
state = dream.step((0.4, 0.0))          # m/s, rad/s for 0.2 s
state.observation.ranges, state.observation.pose, state.collided
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch

from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model import planar
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.routes import to_odom
from genmodels_ros.pipelines.mobile.scan_memory import Snapshot
from genmodels_ros.pipelines.mobile.world_model import WorldModel

MAX_DREAMS = 64
STANDS = np.array([0.02, 0.02])  # [m/s, rad/s] below which a robot told to stand has come to rest: no drift for minutes
MAX_STEPS = 1500  # of one call


@dataclass(frozen=True)
class DreamState:
    """A moment of a dream."""

    time: float  # [s] dreamt so far
    observation: Observation  # what the robot would sense, at the lidar's own beams; +inf where nothing is hit
    collision_probability: float  # of touching something in the last step
    collided: bool  # drawn with it


class Dream:
    """One future, drawn step by step. The same world, start, seed and commands give the same dream.

    Each step draws the latent from the prior, decodes the scan at the lidar's own beams, draws the collision from the
    hazard and observes the scan as if the lidar had sent it (Ha & Schmidhuber 2018, "dreams"). A collision is told and
    ends nothing: who trains in the dream decides. Scans hold no noise of their own.
    """

    def __init__(self, world: WorldModel, seed: int = 0, start: Snapshot | None = None):
        """From the present moment of `world`, or from `start`; `world` itself is left as it is.

        Raises GenModelsError(NO_OBSERVATION) where nothing was seen yet.
        """
        start = world.snapshot if start is None else start
        if start is None:
            raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: a dream needs a scan to start from.")
        self._world = _beside(world)
        self._world.restore(start)
        self._rng = generator(seed, world.device)
        self.state = DreamState(0.0, start.observation, 0.0, False)

    @property
    def time_step(self) -> float:
        """s of a step."""
        return self._world.time_step

    def step(self, command) -> DreamState:
        """The world after `command` [2] m/s, rad/s for one step. Raises GenModelsError: WRONG_LENGTH, NOT_FINITE."""
        command = np.asarray(command, dtype=float)
        before = self.state.observation
        rests = not command.any() and (np.abs(before.twist) < STANDS).all()
        future = self._world.forecast(command[None], poses=np.zeros((1, 3)) if rests else None, rng=self._rng)
        self._world.told(command)
        observation = replace(
            before,
            stamp=before.stamp + self.time_step,
            ranges=np.where(future.hit[0], future.ranges[0], np.inf),
            pose=to_odom(before.pose, future.poses)[0],
            twist=_twist(future.poses[0], self.time_step),
            command=None,
        ).checked()
        self._world.observe(observation)
        probability = float(future.collision_probability[0])
        drawn = torch.rand((), generator=self._rng, device=self._rng.device)
        self.state = DreamState(self.state.time + self.time_step, observation, probability, bool(drawn < probability))
        return self.state


class Dreams:
    """Several dreams that start alike and go on each by its own chance: a batch for who trains in them."""

    def __init__(self, world: WorldModel, count: int = 1, seed: int = 0, start: Snapshot | None = None):
        """Dream i draws from `seed` + i. Raises GenModelsError: INVALID_COUNT, NO_OBSERVATION."""
        if not 1 <= count <= MAX_DREAMS:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"Start 1 to {MAX_DREAMS} dreams, got {count}.")
        self._dreams = [Dream(world, seed + i, start) for i in range(count)]

    @property
    def states(self) -> list[DreamState]:
        """Where each dream is."""
        return [dream.state for dream in self._dreams]

    @property
    def time_step(self) -> float:
        """s of a step."""
        return self._dreams[0].time_step

    def step(self, commands, given_up: Callable[[], bool] = lambda: False) -> list[DreamState]:
        """Where each dream is after commands [N or 1, T, 2]; `collided`, and the probability, are of any of the steps.

        given_up: asked before every step whether to raise GenModelsError(CANCELLED) instead.
        Raises GenModelsError: INVALID_COUNT for another number of sequences, INVALID_HORIZON for no or too many steps,
        WRONG_LENGTH, NOT_FINITE.
        """
        commands = np.asarray(commands, dtype=float)
        if commands.ndim != 3 or commands.shape[2] != 2:
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"Commands need the shape [dreams, steps, 2], got {commands.shape}."
            )
        if len(commands) not in (1, len(self._dreams)):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"Send one sequence, or one for each of {len(self._dreams)} dreams, got {len(commands)}.",
            )
        if not 1 <= commands.shape[1] <= MAX_STEPS:
            raise GenModelsError(
                ErrorCode.INVALID_HORIZON, f"A call has 1 to {MAX_STEPS} steps, got {commands.shape[1]}."
            )
        if not np.isfinite(commands).all():
            raise GenModelsError(ErrorCode.NOT_FINITE, "Commands must be finite.")
        commands = np.broadcast_to(commands, (len(self._dreams), *commands.shape[1:]))
        return [
            _all_of([_unless(given_up, dream, command) for command in own])
            for dream, own in zip(self._dreams, commands, strict=True)
        ]


def recorded_moment(world: WorldModel, observations: Iterable[Observation]) -> Snapshot:
    """The moment of the last of `observations`, oldest first, seen with the network of `world`.

    Raises GenModelsError: NO_OBSERVATION without any; as Observation.checked.
    """
    seen = _beside(world)
    for observation in observations:
        seen.observe(observation)
    if seen.snapshot is None:
        raise GenModelsError(ErrorCode.NO_OBSERVATION, "A recorded moment needs at least one scan.")
    return seen.snapshot


def _beside(world: WorldModel) -> WorldModel:
    """The same network with a memory of its own."""
    return WorldModel(world.model, world.card, device=str(world.device))


def _unless(given_up: Callable[[], bool], dream: Dream, command: np.ndarray) -> DreamState:
    if given_up():
        raise GenModelsError(ErrorCode.CANCELLED, "The dream was left before its last step.")
    return dream.step(command)


def _all_of(states: list[DreamState]) -> DreamState:
    """The last state, with the collisions of all."""
    free = float(np.prod([1 - state.collision_probability for state in states]))
    return replace(states[-1], collision_probability=1 - free, collided=any(state.collided for state in states))


def _twist(motion: np.ndarray, seconds: float) -> np.ndarray:
    """The mean twist [2] of a motion [3]."""
    return planar.mean_twist(torch.from_numpy(motion), seconds).numpy()
