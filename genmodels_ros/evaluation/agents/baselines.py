"""What needs no network: an agent goes on at constant velocity, or turns on, and Gaussian errors around that.

The Gaussian is fitted to the errors of the displacements in the agent's frame, all 28 together, so that a baseline
has a density and samples as a model has.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.distributions import MultivariateNormal

from genmodels_ros.data.agent_frame import FUTURE, PAST, TIME_STEP, headings, to_positions, turned
from genmodels_ros.data.agent_tracks import AgentWindows

LATEST = (1, 2, 3, 5)  # displacements whose mean may be the velocity
SLOW = 0.04  # m a step, below which a turn rate means nothing
REGULARISATION = 1e-7  # m², of the errors' covariance


def constant_velocity(windows: AgentWindows, latest: int) -> np.ndarray:
    """Displacements [M, FUTURE, 2] in the agent's frame: on with the mean of the `latest`."""
    past = windows.past
    step = (past[:, -1] - past[:, -1 - latest]) / latest
    return np.repeat(turned(step[:, None], -headings(past)), FUTURE, axis=1)


def filtered_velocity(windows: AgentWindows, latest: int) -> np.ndarray:
    """On with the velocity of the tracker's Kalman filter, as the local planner goes by; `latest` is unused."""
    step = TIME_STEP * windows.velocity
    return np.repeat(turned(step[:, None], -headings(windows.past)), FUTURE, axis=1)


def constant_turn_rate(windows: AgentWindows, latest: int) -> np.ndarray:
    """For who turns on at the mean rate of as many displacements before (one more is looked at)."""
    past = windows.past
    steps = np.diff(past, axis=1)[:, -(latest + 1) :]
    angle = np.arctan2(steps[..., 1], steps[..., 0])
    turn = (np.diff(angle, axis=1) + np.pi) % (2 * np.pi) - np.pi
    moves = np.hypot(*np.moveaxis(steps, -1, 0)).min(axis=1) > SLOW
    rate = np.where(moves, turn.mean(axis=1), 0.0)
    speed = np.hypot(*np.moveaxis(steps[:, 1:], -1, 0)).mean(axis=1)
    yaw = angle[:, -1:] - headings(past)[:, None] + rate[:, None] * np.arange(1, FUTURE + 1)
    turning = speed[:, None, None] * np.stack([np.cos(yaw), np.sin(yaw)], axis=-1)
    return np.where(moves[:, None, None], turning, constant_velocity(windows, latest))


@dataclass(frozen=True)
class Baseline:
    """A rule and the Gaussian of its errors."""

    rule: Callable  # windows, latest → displacements [M, FUTURE, 2]
    latest: int
    errors: MultivariateNormal  # of 28 displacements

    @classmethod
    def fitted(cls, rule: Callable, windows: AgentWindows, displacements: np.ndarray) -> "Baseline":
        """With the `latest` of the least mean error on these windows, whose displacements are [M, FUTURE, 2]."""
        errors = {k: displacements - rule(windows, k) for k in LATEST if k < PAST}
        off = lambda e: np.hypot(*np.moveaxis(e.cumsum(axis=1), -1, 0)).mean()  # noqa: E731
        latest = min(errors, key=lambda k: off(errors[k]))
        rows = torch.as_tensor(errors[latest].reshape(len(displacements), -1))
        covariance = torch.cov(rows.T) + REGULARISATION * torch.eye(2 * FUTURE, dtype=rows.dtype)
        return cls(rule, latest, MultivariateNormal(rows.mean(0), covariance))

    def point(self, windows: AgentWindows) -> np.ndarray:
        """The rule itself: positions [M, FUTURE, 2]."""
        return to_positions(windows.past, self.rule(windows, self.latest))

    def sample(self, windows: AgentWindows, count: int, rng: torch.Generator) -> np.ndarray:
        """Positions [M, count, FUTURE, 2]."""
        z = torch.randn(len(windows), count, 2 * FUTURE, generator=rng, dtype=self.errors.loc.dtype)
        errors = (self.errors.loc + z @ self.errors.scale_tril.T).numpy().reshape(*z.shape[:2], FUTURE, 2)
        return to_positions(windows.past, self.rule(windows, self.latest)[:, None] + errors)

    def log_prob(self, windows: AgentWindows, displacements: np.ndarray) -> np.ndarray:
        """[M] nats of displacements [M, FUTURE, 2]."""
        errors = displacements - self.rule(windows, self.latest)
        return self.errors.log_prob(torch.as_tensor(errors.reshape(len(errors), -1))).numpy()
