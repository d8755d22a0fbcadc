"""A timed joint trajectory, the one currency between models, verification, controllers and messages."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Trajectory:
    """Joint motion sampled in time.

    joint_names: D names, the order of the columns below
    time_from_start: [T] seconds, strictly increasing from 0
    positions, velocities, accelerations: [T, D] rad, rad/s, rad/s² (SI; metres for prismatic joints)
    """

    joint_names: tuple[str, ...]
    time_from_start: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    accelerations: np.ndarray

    def __post_init__(self):
        shape = (len(self.time_from_start), len(self.joint_names))
        for field in ("positions", "velocities", "accelerations"):
            if getattr(self, field).shape != shape:
                raise ValueError(f"{field} has shape {getattr(self, field).shape}, expected {shape}")

    def resting(self) -> "Trajectory":
        """The same, its accelerations zero where it stands at an end: timings that jump from rest into acceleration, as
        time-optimal ones do, become motions that a controller can begin.
        """
        accelerations = self.accelerations.copy()
        for end in (0, -1):
            if not self.velocities[end].any():
                accelerations[end] = 0
        return replace(self, accelerations=accelerations)

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.time_from_start[-1])

    @cached_property
    def length(self) -> float:
        """Length of the path in joint space, rad."""
        return float(np.linalg.norm(np.diff(self.positions, axis=0), axis=1).sum())

    @cached_property
    def smoothness(self) -> float:
        """Root mean square joint acceleration over time, rad/s²; lower is smoother."""
        mean_square = np.trapezoid((self.accelerations**2).mean(axis=1), self.time_from_start) / max(
            self.duration, 1e-9
        )
        return float(np.sqrt(mean_square))
