"""The world model's state as numbers: what a scan is encoded to, and what lies between two of them."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.fan import RANGE_LIMIT
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.scan_memory import Snapshot
from genmodels_ros.pipelines.mobile.world_model import WorldModel

STEPS = (2, 256)  # scans of an interpolation
NEAREST = 0.05  # [m] range_min of a scan decoded from a latent


@dataclass(frozen=True)
class Latent:
    """What the model remembers and what it makes of the last scan."""

    h: np.ndarray  # [H] memory
    z: np.ndarray  # [Z] mean of a Gaussian, or probabilities of classes


def latent_of(snapshot: Snapshot) -> Latent:
    """The latent of a moment."""
    return Latent(*(values[0].cpu().numpy().astype(np.float64) for values in (snapshot.state.h, snapshot.state.z)))


def checked_latent(world: WorldModel, h, z) -> Latent:
    """Raises GenModelsError: WRONG_LENGTH for what is no latent of this network, NOT_FINITE."""
    latent = Latent(np.asarray(h, dtype=float), np.asarray(z, dtype=float))
    wanted = world.model.initial(1)
    for name, values, length in (("h", latent.h, wanted.h.shape[1]), ("z", latent.z, wanted.z.shape[1])):
        if values.shape != (length,):
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"{name} needs {length} numbers for this checkpoint, got shape {values.shape}."
            )
        if not np.isfinite(values).all():
            raise GenModelsError(ErrorCode.NOT_FINITE, f"{name} must be finite.")
    return latent


def interpolate(first: Latent, second: Latent, steps: int) -> list[Latent]:
    """`steps` latents on the straight line from one to the other, both included.

    Raises GenModelsError(INVALID_COUNT).
    """
    if not STEPS[0] <= steps <= STEPS[1]:
        raise GenModelsError(ErrorCode.INVALID_COUNT, f"Ask for {STEPS[0]} to {STEPS[1]} steps, got {steps}.")
    shares = np.linspace(0, 1, steps)
    return [
        Latent((1 - share) * first.h + share * second.h, (1 - share) * first.z + share * second.z) for share in shares
    ]


@torch.inference_mode()
def sketches(world: WorldModel, latents: list[Latent]) -> np.ndarray:
    """The scans [K, beams of the model] that the latents alone tell of, m; RANGE_LIMIT is free."""
    rows = lambda values: torch.as_tensor(np.stack(values), dtype=torch.float32, device=world.device)  # noqa: E731
    decoded = world.model.sketch(rows([latent.h for latent in latents]), rows([latent.z for latent in latents]))
    return decoded.ranges.clamp(NEAREST, RANGE_LIMIT).cpu().numpy().astype(np.float64)


def moment_of(world: WorldModel, latent: Latent, stamp: float) -> Snapshot:
    """A moment made up from a latent: its own scan around a robot at odom's origin, and the latent itself."""
    ranges = sketches(world, [latent])[0]
    beams = world.model.beams
    observation = Observation(
        stamp, np.where(ranges < RANGE_LIMIT, ranges, math.inf), beams.angle_min, beams.increment, NEAREST,
        RANGE_LIMIT, np.zeros(3),
    )  # fmt: skip
    seen = WorldModel(world.model, world.card, device=str(world.device))
    seen.observe(observation)
    rows = lambda values: torch.as_tensor(values, dtype=torch.float32, device=world.device)[None]  # noqa: E731
    state = replace(seen.snapshot.state, h=rows(latent.h), z=rows(latent.z))
    return replace(seen.snapshot, state=state)
