"""Diffusion models: of arm trajectories, conditioned on obstacles, and of any vectors."""

from genmodels_ros.models.diffusion.trajectory import Condition, TrajectoryDiffusion
from genmodels_ros.models.diffusion.vectors import VectorDiffusion, VectorDiffusionConfig

__all__ = ["Condition", "TrajectoryDiffusion", "VectorDiffusion", "VectorDiffusionConfig"]
