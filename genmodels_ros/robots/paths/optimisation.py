"""Batched optimisation of paths: out of the obstacles, then short and smooth. It refines what the diffusion model
samples and smooths what sampling-based planners find.

Gauss-Newton steps on the cost in cost.py converge in some ten iterations where gradient descent takes hundreds.
"""

from dataclasses import dataclass

import numpy as np
import torch

from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.cost import CostSettings, Expansion, PathCost

LARGEST = 8000  # paths times obstacles at once; more are done in parts, which bounds the memory


@dataclass(frozen=True)
class OptimisationSettings(CostSettings):
    """The cost's settings, and
    largest_step: rad a control point moves in one iteration; paths that move less than `tolerance` rad are done
    refresh: iterations between two searches for the pairs that are near
    """

    iterations: int = 16
    refresh: int = 4
    largest_step: float = 0.3
    tolerance: float = 0.01


def optimise(
    control_points: np.ndarray,
    robot: Robot,
    scene: Scene,
    settings: OptimisationSettings | None = None,
    proximity: Proximity | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Better control points [B, N, D] and the paths' sphere clearances [B] in m (negative: spheres overlap; large ones
    are cut off where they do not matter any more).

    The first two and last two control points of each path stay where they are; all others end within the joint limits.
    A `proximity` of the same robot and scene saves building one.
    """
    settings, proximity = settings or OptimisationSettings(), proximity or Proximity(robot, scene)
    cost = PathCost(proximity, settings, control_points.shape[1])
    parts = -(-len(control_points) * max(1, len(scene.obstacles)) // LARGEST)
    done = [_optimise(part, cost, settings) for part in np.array_split(control_points, max(1, parts))]
    return tuple(np.concatenate(results) for results in zip(*done, strict=True))


def _optimise(
    control_points: np.ndarray, cost: PathCost, settings: OptimisationSettings
) -> tuple[np.ndarray, np.ndarray]:
    paths, robot = np.array(control_points, dtype=np.float32), cost.proximity.robot
    lower, upper = robot.limits.lower.astype(np.float32), robot.limits.upper.astype(np.float32)
    moving = np.arange(len(paths))
    for iteration in range(settings.iterations):
        placed = cost.place(paths[moving])
        if iteration % settings.refresh == 0:
            near = cost.near_pairs(placed)
        step = newton_step(cost.expand(paths[moving], placed, near)).reshape(len(moving), -1, paths.shape[2])
        farthest = np.abs(step).max(axis=(1, 2))
        step *= (settings.largest_step / np.maximum(farthest, settings.largest_step))[:, None, None]
        paths[moving, 2:-2] = np.clip(paths[moving, 2:-2] + step, lower, upper)
        if (iteration + 1) % settings.refresh == 0:  # pairs are numbered by path: paths leave when pairs are renewed
            moving = moving[farthest > settings.tolerance]
            if not len(moving):
                break
    return paths.astype(float), cost.clearance(paths)


def newton_step(at: Expansion) -> np.ndarray:
    """The step [B, n D] to the least of each expansion; 0 where it has none."""
    factor, _ = torch.linalg.cholesky_ex(torch.from_numpy(at.curvature))
    step = torch.cholesky_solve(torch.from_numpy(at.gradient)[..., None], factor)
    return -torch.nan_to_num(step)[..., 0].numpy()
