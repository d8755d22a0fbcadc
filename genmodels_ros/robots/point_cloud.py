"""Obstacles from a point cloud: what is not the robot and within its reach, as boxes that hold every such point.

Only what a sensor saw becomes an obstacle: what is hidden behind it is taken for free space, and an object in the
gripper for an obstacle. Where that matters, describe those solids as obstacles, or look from more sides.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch

from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Box, Scene
from genmodels_ros.robots.spheres import sphere_centers
from genmodels_ros.robots.voxels import coarser, fill, merge, voxelise

CELLS = 3  # a voxel's side, in the finer cells that points are thinned to
FILLED = 2  # times as many boxes as allowed: joined where that fills little; from more, larger voxels are better
ROUNDING = 1e-5  # m that boxes stand out of their voxels: float32 at arm's length


@dataclass(frozen=True)
class PerceptionSettings:
    """voxel_size m; max_boxes: what would be more is joined, then made of larger voxels; robot_margin: m around the
    robot in which points are taken for the robot; min_points: a third of a voxel with fewer is taken for noise, so
    that 1 keeps every point.
    """

    voxel_size: float = 0.03
    max_boxes: int = 200
    robot_margin: float = 0.04
    min_points: int = 1


@dataclass(frozen=True)
class PerceivedScene:
    """scene: boxes in the base frame; voxel_size: m, larger than asked for where the boxes would have been too many."""

    scene: Scene = field(default_factory=Scene)
    voxel_size: float = 0.0


def perceive(
    points: np.ndarray, robot: Robot, q: np.ndarray, settings: PerceptionSettings | None = None
) -> PerceivedScene:
    """Boxes around points [M, 3] m in the base frame, seen while the robot was at q [D] rad.

    Each point lies in a box, except those that are NaN or infinite, beyond the robot's reach, or on the robot: nearer
    than the margin to the spheres that enclose it, give or take half a cell's diagonal (0.3 voxels).
    """
    settings = settings or PerceptionSettings()
    size = settings.voxel_size / CELLS
    points = within_reach(np.ascontiguousarray(np.asarray(points).T), robot)
    cells, counts = voxelise(points, size)
    cells = cells[counts >= settings.min_points]
    cells = cells[_outside(robot, q, settings.robot_margin, (cells + 0.5) * size)]
    factor, (lower, upper) = CELLS, merge(coarser(cells, CELLS))
    while len(lower) > FILLED * settings.max_boxes:
        # Surfaces: the number of boxes falls with the square of the voxel's size.
        factor = max(factor + 1, int(factor * (len(lower) / (FILLED * settings.max_boxes)) ** 0.5))
        lower, upper = merge(coarser(cells, factor))
    lower, upper = fill(lower, upper, settings.max_boxes)
    return PerceivedScene(_boxes(lower * factor * size, upper * factor * size), factor * size)


def within_reach(points: np.ndarray, robot: Robot) -> np.ndarray:
    """Those of points [3, M] that are numbers and that the robot can touch in some configuration."""
    near = np.einsum("im,im->m", points, points) <= reach(robot) ** 2  # False for NaN
    return points.compress(near, axis=1)  # rows stay contiguous, as they would not by a boolean index


@lru_cache(maxsize=8)
def reach(robot: Robot) -> float:
    """A distance from the base frame's origin, m, that no part of the robot can exceed: its links laid end to end."""
    chain, limits = robot.chain, robot.limits
    of_body = [0.0]
    for joint, parent in enumerate(chain.parents):
        stroke = np.abs([limits.lower[joint], limits.upper[joint]]).max() if chain.prismatic[joint] else 0.0
        of_body.append(of_body[parent] + float(np.linalg.norm(chain.constant[joint, :3, 3])) + stroke)
    spheres = robot.spheres
    extent = np.linalg.norm(spheres.centers, axis=1) + spheres.radii
    return float(max(of_body[body] + far for body, far in zip(spheres.bodies, extent, strict=True)))


def _outside(robot: Robot, q: np.ndarray, margin: float, points: np.ndarray) -> np.ndarray:
    """Which of points [M, 3] are farther than `margin` from the spheres that enclose the robot at q [D]: [M] bool."""
    centers = sphere_centers(robot.chain, robot.spheres, torch.as_tensor(q, dtype=torch.float64)).numpy()
    columns, outside = np.ascontiguousarray(points.T, dtype=np.float32), np.ones(len(points), dtype=bool)
    for center, radius in zip(centers.astype(np.float32), robot.spheres.radii + margin, strict=True):
        gap = columns - center[:, None]
        outside &= np.einsum("im,im->m", gap, gap) > radius**2
    return outside


def _boxes(lower: np.ndarray, upper: np.ndarray) -> Scene:
    """Boxes between corners [B, 3] m."""
    middle, dims = (lower + upper) / 2, upper - lower + 2 * ROUNDING
    return Scene(tuple(Box(c, d, id=f"perceived {i}") for i, (c, d) in enumerate(zip(middle, dims, strict=True))))
