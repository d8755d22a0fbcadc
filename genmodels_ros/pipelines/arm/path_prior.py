"""Arm paths drawn from any fitted family: fast, and blind to the scene. Refinement and verification see to obstacles.

x is the interior control points' deviation [n * D] and the condition the scaled endpoints [2 * D], as
data/arm_path_vectors.py lays them out.
"""

from pathlib import Path

import numpy as np
import torch

from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.paths.features import paths_of, scaled_endpoints


class PathPrior:
    """A family over one arm's paths. Raises GenModelsError(MODEL_UNAVAILABLE) for a model of other vectors."""

    def __init__(self, model: Standardised, robot: Robot):
        self.model = model.eval()
        D = robot.num_joints
        x, condition = model.core.config.dimension, model.core.config.condition_dimension
        if x % D or condition != 2 * D:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"A prior for {robot.name} needs x of {D} a control point and a condition of {2 * D}, not {x} and "
                f"{condition}: fit one to the file that 'genmodels data vectors' writes.",
            )

    @classmethod
    def from_checkpoint(cls, folder: Path, robot: Robot) -> "PathPrior":
        """Of `genmodels fit`. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        return cls(load_checkpoint(Path(folder), "family")[0], robot)

    def sample(self, robot: Robot, start: np.ndarray, goals: np.ndarray, *, num_samples: int, seed: int) -> np.ndarray:
        """Control points [num_samples, N, D] of paths from start [D] to goals [G, D], shared out evenly over these."""
        start, goals = np.asarray(start, dtype=float), np.asarray(goals, dtype=float)
        goal = goals[np.arange(num_samples) % len(goals)]
        start = np.broadcast_to(start, goal.shape)
        condition = torch.as_tensor(scaled_endpoints(robot, start, goal), dtype=self.model.dtype)
        x = self.model.sample(num_samples, condition, rng=generator(seed))
        return paths_of(start, goal, x.double().numpy().reshape(num_samples, -1, robot.num_joints))
