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
from genmodels_ros.robots.scene.voxels import carve, coarser, fill, merge, voxelise
from genmodels_ros.robots.spheres import sphere_centers

CELLS = 3  # a voxel's side, in the finer cells that points are thinned to
FILLED = 2  # times as many boxes as allowed: joined where that fills little; from more, larger voxels are better
TOUCH = 2e-3  # m: nearer to the robot's spheres is too near, as the collision checker counts 1 mm as contact
ROUNDING = 1e-5  # m that boxes stand out of their voxels: float32 at arm's length


@dataclass(frozen=True)
class PerceptionSettings:
    """voxel_size m
    max_boxes: what would be more is joined, or made of larger voxels; a few more where the robot needs the room
    robot_margin: m around the robot in which points are taken for the robot
    min_points: a cell, a third of a voxel a side, with fewer is taken for noise, so that 1 keeps every point
    """

    voxel_size: float = 0.03
    max_boxes: int = 200
    robot_margin: float = 0.03
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
    than the margin to the spheres that enclose it, give or take half a cell's diagonal (0.3 voxels). No box touches the
    robot at q where the margin is larger than that: boxes do not fill the room that the robot stands in.
    """
    settings = settings or PerceptionSettings()
    size = settings.voxel_size / CELLS
    points = within_reach(np.ascontiguousarray(np.asarray(points).T), robot)
    cells, counts = voxelise(points, size)
    cells = cells[counts >= settings.min_points]
    centers = sphere_centers(robot.chain, robot.spheres, torch.as_tensor(q, dtype=torch.float64)).numpy()
    cells = cells[_outside(centers, robot.spheres.radii + settings.robot_margin, (cells + 0.5) * size)]
    mine = robot.spheres.near_obstacles
    return boxed(cells, size, settings.max_boxes, centers[mine], robot.spheres.radii[mine], CELLS)


def boxed(
    cells: np.ndarray, size: float, max_boxes: int, centers: np.ndarray, radii: np.ndarray, factor: int = 1
) -> PerceivedScene:
    """About `max_boxes` boxes, in the frame of the cells, that hold cells [M, 3] of `size` m, made of voxels `factor`
    times as large or more; where they would touch spheres, centers [S, 3] and radii [S] m, they keep to the cells.
    """
    lower, upper = merge(coarser(cells, factor))
    while len(lower) > FILLED * max_boxes:
        # Surfaces: the number of boxes falls with the square of the voxel's size.
        factor = max(factor + 1, int(factor * (len(lower) / (FILLED * max_boxes)) ** 0.5))
        lower, upper = merge(coarser(cells, factor))
    lower, upper = fill(lower, upper, max_boxes)
    lower, upper = carve(
        lower * factor,
        upper * factor,
        cells,
        lambda lower, upper: _touched(lower * size, upper * size, centers, radii),
    )
    return PerceivedScene(_boxes(lower * size, upper * size), factor * size)


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


def _outside(centers: np.ndarray, radii: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which of points [M, 3] lie in none of the spheres: [M] bool."""
    columns, outside = np.ascontiguousarray(points.T, dtype=np.float32), np.ones(len(points), dtype=bool)
    for center, radius in zip(centers.astype(np.float32), radii, strict=True):
        gap = columns - center[:, None]
        outside &= np.einsum("im,im->m", gap, gap) > radius**2
    return outside


def _touched(lower: np.ndarray, upper: np.ndarray, centers: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Which of the boxes between corners [B, 3] touch one of the spheres: [B] bool."""
    gap = np.maximum(lower[:, None] - centers, centers - upper[:, None]).clip(min=0)
    return (np.linalg.norm(gap, axis=-1) <= radii + TOUCH).any(axis=1)


def _boxes(lower: np.ndarray, upper: np.ndarray) -> Scene:
    """Boxes between corners [B, 3] m."""
    middle, dims = (lower + upper) / 2, upper - lower + 2 * ROUNDING
    return Scene(tuple(Box(c, d, id=f"perceived {i}") for i, (c, d) in enumerate(zip(middle, dims, strict=True))))
