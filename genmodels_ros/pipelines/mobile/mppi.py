"""Model-predictive path integral control (Williams et al. 2017): many command sequences, weighed by what they lead to.

    u_k    = bounded(u + eps_k)                                   smooth noise around the last solution, shifted
    w_k    = exp(-(S_k - min S) / temperature), normalised        S_k: the cost of what the rollout of u_k leads to
    u      = sum_k w_k u_k

With `elites` weights are equal for the cheapest and zero for the others: the cross-entropy method (Rubinstein 1999).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Rollout = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # [N, T, 2] → poses [N, T, 3], P(touched by t) [N, T]
Cost = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # commands, poses, probability → [N]


@dataclass(frozen=True)
class Bounds:
    """What the base can do. A command never differs from the one before by more than the acceleration allows."""

    backwards: float = 0.25  # m/s
    forwards: float = 0.5  # m/s
    turn_rate: float = 1.5  # rad/s
    acceleration: float = 1.2  # m/s²
    turn_acceleration: float = 4.0  # rad/s²


@dataclass(frozen=True)
class MppiSettings:
    samples: int = 256  # an iteration
    steps: int = 14
    time_step: float = 0.2  # s
    iterations: int = 1
    temperature: float = 0.05  # in units of the cost
    elites: int = 0  # 0: exponential weights
    noise: tuple[float, float] = (0.2, 0.6)  # m/s, rad/s: standard deviation at each knot
    knots: int = 5  # of the noise, linear between them
    fresh: float = 0.35  # share of samples that start from nothing: one or two constant commands, any that are allowed


@dataclass(frozen=True)
class Solution:
    """The sequence to drive and what is expected of it."""

    commands: np.ndarray  # [T, 2] m/s, rad/s
    poses: np.ndarray  # [T, 3] in base_link
    probability: np.ndarray  # [T] of having touched something by then
    cost: float
    least_probability: np.ndarray  # [T] the least of all candidates at each step: what no command could avoid


class Mppi:
    """Keeps its last solution, from which the next search starts. Everything random follows from `seed`."""

    def __init__(self, bounds: Bounds = Bounds(), settings: MppiSettings = MppiSettings(), seed: int = 0):
        self.settings, self._seed = settings, seed
        self.keep_within(bounds)
        self._change = settings.time_step * np.array([bounds.acceleration, bounds.turn_acceleration])
        self._interpolation = _hat_functions(settings.knots, settings.steps)
        self.reset()

    def keep_within(self, bounds: Bounds) -> None:
        """The speeds from now on; a base that is faster brakes as hard as its accelerations, which stay, allow."""
        self.bounds = bounds
        self._lowest = np.array([-bounds.backwards, -bounds.turn_rate])
        self._highest = np.array([bounds.forwards, bounds.turn_rate])

    def reset(self) -> None:
        """As new: no solution to start from, the same random numbers again."""
        self._rng = np.random.default_rng(self._seed)
        self._nominal = np.zeros((self.settings.steps, 2))

    def solve(self, rollout: Rollout, cost: Cost, command=(0.0, 0.0), elapsed: float | None = None) -> Solution:
        """The best sequence found for a base whose command in force is `command` [2], `elapsed` s after the last solve.

        The mean of a way left and a way right of an obstacle leads into it: the mean is rolled out, too, and the
        cheapest sample taken where it is better.
        """
        command = np.asarray(command, dtype=float)
        nominal = self.limited(self._shifted(elapsed)[None], command)[0]
        lowest, best, least = np.inf, None, np.inf
        for _ in range(self.settings.iterations):
            samples = self._candidates(nominal, command)
            poses, probability = rollout(samples)
            costs = cost(samples, poses, probability)
            least = np.minimum(least, probability.min(axis=0))
            cheapest = int(np.argmin(costs))
            if costs[cheapest] < lowest:
                lowest, best = costs[cheapest], (samples[cheapest], poses[cheapest], probability[cheapest])
            nominal = np.tensordot(self._weights(costs), samples, 1)
        poses, probability = rollout(nominal[None])
        mean_cost = cost(nominal[None], poses, probability)[0]
        if mean_cost < lowest:
            lowest, best = mean_cost, (nominal, poses[0], probability[0])
        self._nominal = best[0]
        return Solution(*best, float(lowest), np.minimum(least, best[2]))

    def limited(self, commands: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Commands [N, T, 2] within the bounds, the first reachable from `before` [2], each from the one before it."""
        commands = self.slow_enough(commands)
        for step in range(commands.shape[1]):
            commands[:, step] = np.clip(commands[:, step], before - self._change, before + self._change)
            before = commands[:, step]
        return commands

    def slow_enough(self, commands: np.ndarray) -> np.ndarray:
        """Commands [*, 2] within the bounds, however they follow one another."""
        return np.clip(commands, self._lowest, self._highest)

    def _shifted(self, elapsed: float | None) -> np.ndarray:
        """The last solution from now on; its last command is held."""
        step, nominal = self.settings.time_step, self._nominal
        times = np.arange(len(nominal))
        at = times + (1.0 if elapsed is None else elapsed / step)
        return np.stack([np.interp(at, times, nominal[:, axis]) for axis in (0, 1)], axis=1)

    def _candidates(self, nominal: np.ndarray, command: np.ndarray) -> np.ndarray:
        """[samples, T, 2]: the nominal one, standing still, noise around the nominal one, and some that are new."""
        settings, rng = self.settings, self._rng
        fresh = round(settings.fresh * settings.samples)
        around = settings.samples - fresh - 2
        eps = self._interpolation @ rng.normal(0.0, settings.noise, size=(around, settings.knots, 2))
        pairs = rng.uniform(self._lowest, self._highest, size=(2, fresh, 2))
        switch = rng.integers(0, settings.steps, size=(fresh, 1))
        constant = np.where((np.arange(settings.steps) < switch)[..., None], pairs[0, :, None], pairs[1, :, None])
        still = np.zeros((1, settings.steps, 2))
        return self.limited(np.concatenate([nominal[None], still, nominal + eps, constant]), command)

    def _weights(self, costs: np.ndarray) -> np.ndarray:
        if self.settings.elites:
            weights = np.zeros(len(costs))
            weights[np.argpartition(costs, self.settings.elites - 1)[: self.settings.elites]] = 1.0
        else:
            weights = np.exp((costs.min() - costs) / self.settings.temperature)
        return weights / weights.sum()


def _hat_functions(knots: int, steps: int) -> np.ndarray:
    """[steps, knots]: linear interpolation from knots spread evenly over the steps."""
    at, eye = np.linspace(0, knots - 1, steps), np.eye(knots)
    return np.stack([np.interp(at, np.arange(knots), eye[knot]) for knot in range(knots)], axis=1)
