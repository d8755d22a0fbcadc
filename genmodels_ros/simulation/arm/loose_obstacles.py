"""Obstacles of an arm cell that can be pushed about: free bodies in MuJoCo, and where they are now."""

from dataclasses import replace

import mujoco
import numpy as np

from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Obstacle, Scene
from genmodels_ros.simulation.arm.cell_solids import CellSolid, cell_solids
from genmodels_ros.simulation.geoms import STATIC, add_solid, yaw_quaternion
from genmodels_ros.simulation.scenes import ArmCell


def add_loose(spec: mujoco.MjSpec, cell: ArmCell, obstacle: CellSolid) -> None:
    """A body of the world, as a free joint asks for, that starts at the obstacle's place in the cell."""
    x, y, z, w = obstacle.quat_xyzw
    placed = spec.worldbody.add_frame(pos=list(cell.position), quat=yaw_quaternion(cell.yaw))
    body = spec.worldbody.add_body(name=obstacle.name, pos=list(obstacle.solid.center), quat=[w, x, y, z])
    body.set_frame(placed)
    body.add_freejoint(name=obstacle.name)
    at_rest = replace(obstacle.solid, center=(0.0, 0.0, 0.0))
    add_solid(body, at_rest, obstacle.name, **STATIC, mass=obstacle.mass)


def present_scene(data: mujoco.MjData, cell: ArmCell) -> Scene:
    """The cell's scene with what is loose where it is now, in the arm's base frame."""
    pairs = zip(cell.scene.obstacles, cell_solids(cell), strict=True)
    return replace(cell.scene, obstacles=tuple(_now(data, *pair) if pair[1].mass else pair[0] for pair in pairs))


def has_moved(before: Scene, after: Scene, tolerance: float = 1e-3) -> bool:
    """Whether anything moved by more than `tolerance` (m, or a quaternion's part) between two views of one scene."""
    pairs = zip(before.obstacles, after.obstacles, strict=True)
    return any(np.abs(_pose(new) - _pose(old)).max() > tolerance for old, new in pairs)


def _pose(obstacle: Obstacle) -> np.ndarray:
    return np.concatenate([obstacle.center, getattr(obstacle, "quat_xyzw", IDENTITY_XYZW)])


def _now(data: mujoco.MjData, obstacle: Obstacle, made: CellSolid) -> Obstacle:
    body, base = data.body(made.name), data.body("arm_cell")
    back, quat = np.zeros(4), np.zeros(4)
    mujoco.mju_negQuat(back, base.xquat)
    mujoco.mju_mulQuat(quat, back, body.xquat)
    center = base.xmat.reshape(3, 3).T @ (body.xpos - base.xpos)
    turned = {"quat_xyzw": (*quat[1:], quat[0])} if hasattr(obstacle, "quat_xyzw") else {}
    return replace(obstacle, center=center, **turned)
