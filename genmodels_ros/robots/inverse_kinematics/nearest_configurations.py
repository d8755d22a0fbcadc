"""Starts for inverse kinematics without learning: of many random configurations those that lead nearest to the pose.

Only the middle joints are kept and compared by their reduced pose, which has four degrees of freedom instead of six
(end_joints.py): the 32 nearest of 20,000 miss a Panda's pose by 7 cm and 11° (medians). What a learned model
has to beat.
"""

import numpy as np
import torch

from genmodels_ros.robots.inverse_kinematics.end_joints import LENGTH, EndJoints

SIZE = 20_000


class NearestConfigurations:
    """`size` configurations drawn uniformly within the limits of an arm; the same for the same seed."""

    def __init__(self, ends: EndJoints, size: int = SIZE, seed: int = 0):
        self.ends = ends
        limits = ends.robot.limits
        drawn = np.random.default_rng(seed).uniform(
            limits.lower[1:-1], limits.upper[1:-1], (size, len(limits.lower) - 2)
        )
        self._middle = torch.as_tensor(drawn)
        self._keys = _metric(ends.reduced_forward(self._middle)).astype(np.float32)
        self._squares = (self._keys**2).sum(axis=1)

    def propose(self, base_from_tool: np.ndarray, count: int) -> np.ndarray:
        """The `count` nearest [count, D], completed by their end joints and clamped to the limits."""
        target = torch.as_tensor(np.asarray(base_from_tool, dtype=float))[None]
        key = _metric(self.ends.reduce(target))[0].astype(np.float32)
        nearest = np.argpartition(self._squares - 2 * (self._keys @ key), count)[:count]
        return self.ends.starts(self._middle[nearest], base_from_tool)


def _metric(reduced: torch.Tensor) -> np.ndarray:
    """Positions in units that weigh as much as a radian near the pose."""
    scale = torch.tensor([1 / LENGTH, 1 / LENGTH, 1, 1, 1], dtype=reduced.dtype)
    return (reduced * scale).numpy()
