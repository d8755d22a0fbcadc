"""Where other agents will be: several futures of each, 2.8 s ahead, from where they were.

motion = AgentMotion.from_checkpoint()
futures = motion.predict(tracks, count=16, rng=generator(0))     # tracks [A, T, 2] m, a position every 0.2 s
futures.samples[a, k, t], futures.mean[a, t]                     # m, in the frame of the tracks, t + 1 steps ahead
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.data.agent_frame import CONDITION, FUTURE, condition, padded, to_displacements, to_positions
from genmodels_ros.device import resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.standardised import Standardised

CHECKPOINT = "agent_motion"
MOST_FUTURES = 100_000  # of one call
FARTHEST = 1e6  # m, of a coordinate


@dataclass(frozen=True)
class AgentFutures:
    """In the frame of the tracks."""

    samples: np.ndarray  # [A, count, FUTURE, 2] m
    mean: np.ndarray  # [A, FUTURE, 2] m, of the samples


class AgentMotion:
    """A model of any family (models/family.py) of 14 displacements, given data/agent_frame.py's condition."""

    def __init__(self, model: Standardised, card: Card | None = None, device: torch.device | None = None):
        """Raises GenModelsError(MODEL_UNAVAILABLE) for a model of something else."""
        if (len(model.centre), len(model.condition_centre)) != (2 * FUTURE, CONDITION):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"The model draws {len(model.centre)} numbers given {len(model.condition_centre)}, not {2 * FUTURE} "
                f"given {CONDITION}: train one with 'genmodels train agents'.",
            )
        self.model, self.card = model.eval().to(device or "cpu"), card

    @classmethod
    def from_checkpoint(cls, folder: Path | None = None, device: str = "auto") -> "AgentMotion":
        """The shipped model, or the one in `folder`. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        model, card = load_checkpoint(folder or shipped(CHECKPOINT), "family")
        return cls(model, card, resolve_device(device))

    def predict(
        self,
        tracks: np.ndarray,
        count: int,
        rng: torch.Generator,
        *,
        robot: np.ndarray | None = None,
        obstacles: np.ndarray | None = None,
    ) -> AgentFutures:
        """`count` futures of each of tracks [A, T, 2], the newest position last, every 0.2 s.

        T is two or more; the last nine are looked at. robot [2] and obstacle points [P, 2], as a lidar sees them, in
        the same frame: without them the model assumes nothing near. No agents have no futures.
        Raises GenModelsError: WRONG_LENGTH, NOT_FINITE, INVALID_COUNT.
        """
        tracks = _array(tracks, "tracks", 3)
        if not 1 <= count <= MOST_FUTURES // max(1, len(tracks)):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"Ask for 1 to {MOST_FUTURES} futures, all agents together, not {count} of {len(tracks)} agents.",
            )
        past, c = self._known(tracks, robot, obstacles)
        if not len(past):
            return AgentFutures(np.zeros((0, count, FUTURE, 2)), np.zeros((0, FUTURE, 2)))
        drawn = self.model.sample(len(c) * count, c.repeat_interleave(count, dim=0), rng=rng)
        displacements = drawn.cpu().double().numpy().reshape(len(past), count, FUTURE, 2)
        samples = to_positions(past, displacements)
        return AgentFutures(samples, samples.mean(axis=1))

    @torch.no_grad()
    def log_prob(
        self,
        tracks: np.ndarray,
        futures: np.ndarray,
        *,
        robot: np.ndarray | None = None,
        obstacles: np.ndarray | None = None,
    ) -> np.ndarray:
        """log p [A] (nats, m) of futures [A, FUTURE, 2]: of the positions, and as well of the displacements, as sums
        and turns keep a volume. Raises GenModelsError as `predict` does, UNSUPPORTED for a family without density."""
        tracks, futures = _array(tracks, "tracks", 3), _array(futures, "futures", 3)
        if futures.shape != (len(tracks), FUTURE, 2):
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"futures must be [{len(tracks)}, {FUTURE}, 2], got {list(futures.shape)}."
            )
        past, c = self._known(tracks, robot, obstacles)
        x = torch.as_tensor(to_displacements(past, futures).reshape(len(past), -1), dtype=c.dtype)
        return self.model.log_prob(x, c).cpu().double().numpy()

    def _known(self, tracks: np.ndarray, robot, obstacles) -> tuple[np.ndarray, torch.Tensor]:
        """Past [A, PAST + 1, 2] and what the model is told [A, CONDITION]."""
        if tracks.shape[1] < 2:
            raise GenModelsError(ErrorCode.WRONG_LENGTH, "A track needs two positions or more, 0.2 s apart.")
        robot = None if robot is None else _array(robot, "robot", 1)
        obstacles = None if obstacles is None else _array(obstacles, "obstacles", 2)
        past = padded(tracks)
        return past, torch.as_tensor(condition(past, robot, obstacles), dtype=self.model.dtype)


def _array(values, name: str, axes: int) -> np.ndarray:
    """float64 [..., 2] of so many axes, finite and not absurdly far."""
    try:
        array = np.asarray(values, float)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.ndim != axes or array.shape[-1] != 2:
        shape = ", ".join([*"ATP"[: axes - 1], "2"])
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{name} must be numbers [{shape}], got {list(array.shape)}.")
    if not (np.abs(array) < FARTHEST).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"{name} holds NaN, infinity or places beyond {FARTHEST:.0f} m.")
    return array
