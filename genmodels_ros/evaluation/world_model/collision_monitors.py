"""What foresees a touch without learning: geometry carried onward, as Nav2's collision monitor does it."""

import numpy as np
import torch

from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.model import RADIUS, TIME_STEP
from genmodels_ros.pipelines.mobile.observation import Observation

FINE = 4  # parts of a step at which monitors look
MONITORS = ("present twist held", "commands, scan as it stands", "commands, tracked movers")


def monitors(observation: Observation, commands: np.ndarray, velocity: np.ndarray) -> dict[str, float]:
    """The least distance [m] from the footprint to what the last scan shows, as monitors without learning see it.

    One holds the measured twist (as Nav2's collision monitor), one drives the commands [T, 2], one does so while what
    was tracked moves on at its `velocity` [B, 2] m/s.
    """
    fan, angles = observation.fan(), observation.beams.angles()
    hit = fan.hit[0].numpy()
    points = (fan.ranges[0][:, None] * torch.stack([angles.cos(), angles.sin()], -1)).numpy()[hit]
    if not len(points):
        return dict.fromkeys(MONITORS, observation.range_max)
    fine = np.repeat(commands, FINE, axis=0)
    held = np.broadcast_to(observation.twist, fine.shape)
    ages = TIME_STEP / FINE * np.arange(1, len(fine) + 1)
    onward = points[None] + velocity[hit][None] * ages[:, None, None]
    still = points[None]
    return {
        name: float(np.linalg.norm(_path(twists)[:, None] - where, axis=-1).min() - RADIUS)
        for name, twists, where in zip(MONITORS, (held, fine, fine), (still, still, onward), strict=True)
    }


def _path(twists: np.ndarray) -> np.ndarray:
    """Positions [T, 2] of a base that drives the twists [T, 2], TIME_STEP / FINE each."""
    return planar.drive(torch.as_tensor(np.array(twists, dtype=float)), TIME_STEP / FINE).numpy()[:, :2]
