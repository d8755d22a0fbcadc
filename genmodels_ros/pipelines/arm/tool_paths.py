"""Joint paths whose tool follows demonstrated positions: for demonstrations without an arm, or of another one."""

from collections.abc import Sequence

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.demonstration_alignment import POINTS, smooth
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import jacobian
from genmodels_ros.robots.paths.bspline import resample

FIRST, EACH = 100, 6  # iterations to the first point, and from one to the next
COMFORT = 0.05  # share of the way to the ready configuration that an iteration goes where the tool does not mind
CLOSE = 1e-3  # m


def joint_paths(robot: Robot, tool_paths: Sequence[np.ndarray]) -> list[np.ndarray]:
    """[POINTS, D] rad for each path of tool positions [T, 3] m in the base frame; the orientation is as it comes.

    Damped least squares from the ready configuration, which the null space pulls to (Siciliano 1990).
    Raises GenModelsError(GOAL_UNREACHABLE) where a point is out of reach.
    """
    targets = torch.as_tensor(np.stack([resample(smooth(path), POINTS) for path in tool_paths]))
    q = torch.as_tensor(robot.ready).expand(len(targets), -1).clone()
    found = []
    for index in range(POINTS):
        for _ in range(EACH if index else FIRST):
            q, error = _towards(robot, q, targets[:, index])
        if error.max() > CLOSE:
            raise GenModelsError(
                ErrorCode.GOAL_UNREACHABLE,
                f"The tool cannot follow the demonstrations: {1e3 * float(error.max()):.0f} mm are left. Move them.",
            )
        found.append(q.numpy().copy())
    return list(np.stack(found, axis=1))


def _towards(robot: Robot, q: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """One step of configurations [M, D], and the distances [M] before it."""
    pose, columns = jacobian(robot.chain, q, robot.tool_frame)
    J, error = columns[:, :3], target - pose[:, :3, 3]
    pull = COMFORT * (torch.as_tensor(robot.ready) - q)
    inner = error[..., None] - J @ pull[..., None]
    step = pull + (J.mT @ torch.linalg.solve(J @ J.mT + 1e-6 * torch.eye(3, dtype=q.dtype), inner))[..., 0]
    lower, upper = torch.as_tensor(robot.limits.lower), torch.as_tensor(robot.limits.upper)
    return (q + step.clamp(-0.3, 0.3)).clamp(lower, upper), error.norm(dim=-1)
