"""What a skill has to beat: paths from demonstrations without a model of how they vary."""

import numpy as np
import torch

from genmodels_ros.data.vectors import vectors
from genmodels_ros.models.mixture.regression import regress
from genmodels_ros.pipelines.arm.skills import tool_positions
from genmodels_ros.robots.description import Robot
from genmodels_ros.simulation.arm.skill_demonstrations import ViaPointTask
from genmodels_ros.training.fitting import FitOptions, fit

COMPONENTS = 5  # of the regression
TIMES = 200  # at which demonstrations are looked at


def nearest(robot: Robot, task: ViaPointTask, point: np.ndarray) -> np.ndarray:
    """Of the demonstrations [T, D] the one whose tool comes nearest to a point [3] m."""

    def gap(path: np.ndarray) -> float:
        return np.linalg.norm(tool_positions(robot, path) - point, axis=1).min()

    return min(task.demonstrations, key=gap)


def over_time(task: ViaPointTask) -> np.ndarray:
    """[M, TIMES, D] at even shares of each one's time."""
    at = np.linspace(0, 1, TIMES)
    return np.stack(
        [
            np.stack([np.interp(at, np.linspace(0, 1, len(path)), column) for column in path.T], axis=-1)
            for path in task.demonstrations
        ]
    )


def regression(task: ViaPointTask, seed: int, components: int = COMPONENTS) -> np.ndarray:
    """[TIMES, D] rad: E[q | t] of a mixture over share of the time and joints (Calinon 2016)."""
    paths = over_time(task)
    time = np.linspace(0, 1, TIMES)
    data = vectors(paths.reshape(-1, paths.shape[-1]), np.tile(time, len(paths))[:, None])
    settings = {"components": components, "regularisation": 1e-4, "restarts": 1}
    model = fit("mixture", data, settings, FitOptions(seed=seed, device="cpu")).model
    with torch.no_grad():
        return regress(model, torch.as_tensor(time[:, None], dtype=model.dtype))[0].double().numpy()
