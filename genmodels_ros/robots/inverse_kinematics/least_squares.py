"""Inverse kinematics by batched damped least squares from many random starts: several different solutions at once."""

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import jacobian

DAMPING = 1e-3
MAX_STEP = 0.5  # rad an iteration
ITERATIONS = 60
APART = 0.05  # rad in some joint, between solutions that are kept
POSITION_TOLERANCE = 1e-5  # m
ROTATION_TOLERANCE = 1e-4  # rad


def solve(
    robot: Robot,
    base_from_tool: np.ndarray,
    rng: np.random.Generator,
    count: int = 16,
    num_starts: int | None = None,
    seeds: np.ndarray | None = None,
) -> np.ndarray:
    """Up to `count` configurations [K, D] within the joint limits that put the tool frame at base_from_tool [4, 4].

    Position within 0.01 mm, orientation within 0.1 mrad. Starts are the configurations `seeds` [M, D], if any, and
    `num_starts` random ones (by default 8 a solution); steps are damped Gauss-Newton (Nakamura and Hanafusa, 1986),
    clamped to the limits. Of the solutions those farthest from each other are kept, in the order chosen. K is 0
    where none is found. Collisions are not looked at.
    """
    starts = rng.uniform(robot.limits.lower, robot.limits.upper, (num_starts or 8 * count, robot.num_joints))
    if seeds is not None:
        starts = np.concatenate([np.atleast_2d(seeds), starts])
    return most_different(arrivals(robot, base_from_tool, starts), count)


def arrivals(robot: Robot, base_from_tool: np.ndarray, starts: np.ndarray, iterations: int = ITERATIONS) -> np.ndarray:
    """Those of `starts` [M, D] that reach one pose [4, 4], where they end: [K, D], as exact as `solve`'s."""
    targets = np.broadcast_to(np.asarray(base_from_tool, dtype=float), (len(starts), 4, 4))
    q, reached = converge(robot, targets, starts, iterations)
    return q[reached]


def converge(
    robot: Robot, targets: np.ndarray, starts: np.ndarray, iterations: int = ITERATIONS
) -> tuple[np.ndarray, np.ndarray]:
    """Where each of the configurations `starts` [M, D] ends on its way to a pose of its own, targets [M, 4, 4].

    Returns configurations [M, D] within the limits, and whether each reached its target [M].
    """
    lower, upper = torch.as_tensor(robot.limits.lower), torch.as_tensor(robot.limits.upper)
    target, q = torch.tensor(targets, dtype=torch.float64), torch.tensor(starts, dtype=torch.float64)
    active = torch.arange(len(q))
    for _ in range(iterations):
        pose, columns = jacobian(robot.chain, q[active], robot.tool_frame)
        error = _twist(pose, target[active])
        far = ~_reached(error)
        if not far.any():
            break
        active = active[far]
        q[active] = (q[active] + _step(columns[far], error[far])).clamp(lower, upper)
    error = _twist(jacobian(robot.chain, q, robot.tool_frame)[0], target)
    return q.numpy(), _reached(error).numpy()


def _twist(pose: Tensor, target: Tensor) -> Tensor:
    """[B, 6] translation and rotation vector, in the base frame, that take pose to target [B, 4, 4]."""
    rotation = target[:, :3, :3] @ pose[:, :3, :3].mT
    axis = torch.stack(
        [
            rotation[:, 2, 1] - rotation[:, 1, 2],
            rotation[:, 0, 2] - rotation[:, 2, 0],
            rotation[:, 1, 0] - rotation[:, 0, 1],
        ],
        dim=-1,
    )
    sine = torch.linalg.vector_norm(axis, dim=-1)
    cosine = torch.diagonal(rotation, dim1=-2, dim2=-1).sum(-1) - 1
    angle = torch.atan2(sine, cosine)
    scale = torch.where(sine > 1e-9, angle / sine.clamp(min=1e-9), 0.5)
    return torch.cat([target[:, :3, 3] - pose[:, :3, 3], scale[:, None] * axis], dim=-1)


def _reached(error: Tensor) -> Tensor:
    position, rotation = error[:, :3].norm(dim=-1), error[:, 3:].norm(dim=-1)
    return (position < POSITION_TOLERANCE) & (rotation < ROTATION_TOLERANCE)


def _step(columns: Tensor, error: Tensor) -> Tensor:
    """J^T (J J^T + λ I)^-1 e, no joint by more than MAX_STEP; λ falls with the error, for a fast end."""
    damping = DAMPING * (error**2).sum(-1).clamp(max=1.0)[:, None, None] + 1e-9
    square = columns @ columns.mT + damping * torch.eye(6, dtype=error.dtype)
    step = (columns.mT @ torch.linalg.solve(square, error[..., None]))[..., 0]
    return step * (MAX_STEP / step.abs().amax(-1, keepdim=True).clamp(min=MAX_STEP))


def most_different(solutions: np.ndarray, count: int, apart: float = APART) -> np.ndarray:
    """Farthest-point selection of at most `count` of solutions [K, D], any two more than `apart` rad in some joint."""
    if not len(solutions):
        return solutions
    chosen, gap = [0], np.abs(solutions - solutions[0]).max(axis=1)
    while len(chosen) < count and gap.max() > apart:
        chosen.append(int(gap.argmax()))
        gap = np.minimum(gap, np.abs(solutions - solutions[chosen[-1]]).max(axis=1))
    return solutions[chosen]
