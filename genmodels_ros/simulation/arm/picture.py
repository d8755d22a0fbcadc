"""A picture of an arm's motions: ghosts along the way, tool-tip lines of every candidate."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import mujoco
import numpy as np

from genmodels_ros.simulation.camera.picture_camera import PictureCamera, view_of_cell
from genmodels_ros.simulation.geoms import ARM
from genmodels_ros.simulation.scenes import ArmCell, WorldDescription
from genmodels_ros.simulation.world import World

MOTION_COLORS = ((0.95, 0.45, 0.08), (0.10, 0.55, 0.85), (0.45, 0.65, 0.15))
CANDIDATE = (0.35, 0.42, 0.62, 0.45)


def draw_arm_motions(
    cell: ArmCell, motions: Sequence[Sequence[np.ndarray]], num_ghosts: int = 5, size: tuple[int, int] = (1280, 720)
) -> np.ndarray:
    """uint8 RGB [H, W, 3] of arm motions, one after the other.

    motions: each the candidates [T, D] rad of one request, the one that was driven first. Its tool tip leaves a thick
    line in the motion's colour, the others thin ones; ghosts stand along what was driven, the arm itself at its end.
    """
    world = World(WorldDescription(arm_cell=cell))
    camera, view = PictureCamera(world.model, *size), view_of_cell(cell)
    try:
        lines = [_tool_lines(world, candidates) for candidates in motions]
        driven = np.concatenate([candidates[0] for candidates in motions])
        _pose(world, None)
        picture = empty = camera.take(world.data, view).astype(np.float32)
        for rank, stop in enumerate(np.linspace(0, len(driven) - 1, num_ghosts + 1).astype(int)):
            _pose(world, driven[stop])
            opacity = 1.0 if rank == num_ghosts else 0.22 + 0.25 * rank / num_ghosts
            picture = _blend(picture, camera.take(world.data, view).astype(np.float32), empty, opacity)
        plain = camera.take(world.data, view, shadows=False).astype(np.float32)
        with_lines = camera.take(world.data, view, shadows=False, extra=lambda scene: _add_lines(scene, lines))
        picture = _blend(picture, with_lines.astype(np.float32), plain, 1.0)
    finally:
        camera.close()
    return picture.round().astype(np.uint8)


def _pose(world: World, configuration) -> None:
    """The arm at a configuration; None takes it out of the picture."""
    base = world.model.body(ARM + world.arm.robot.base_frame)
    away = configuration is None
    base.pos[:] = (0.0, 0.0, -50.0) if away else (0.0, 0.0, 0.0)
    if not away:
        world.arm.place(configuration)
    mujoco.mj_kinematics(world.model, world.data)
    mujoco.mj_comPos(world.model, world.data)


def _blend(picture, other, empty, opacity: float) -> np.ndarray:
    """Lays over a picture what another one has and its empty twin has not, shadows included."""
    difference = np.abs(other - empty).max(axis=2)
    mask = cv2.GaussianBlur((difference > 6).astype(np.float32), (3, 3), 0)[..., None] * opacity
    return picture * (1 - mask) + other * mask


def _tool_lines(world: World, candidates: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Positions [T, 3] of the fingers' tip along each candidate."""
    robot = world.arm.robot
    names = [world.model.body(index).name for index in range(world.model.nbody)]
    tip = ARM + robot.tool_frame + "_tcp"
    body = world.model.body(tip if tip in names else ARM + robot.tool_frame).id
    lines = []
    for candidate in candidates:
        points = []
        for configuration in candidate[:: max(1, len(candidate) // 40)]:
            _pose(world, configuration)
            points.append(world.data.xpos[body].copy())
        lines.append(np.array(points))
    return lines


def _add_lines(scene: mujoco.MjvScene, motions: list[list[np.ndarray]]) -> None:
    for number, lines in enumerate(motions):
        for line in lines[1:]:
            _add_polyline(scene, line, 0.0022, CANDIDATE)
        color = MOTION_COLORS[number % len(MOTION_COLORS)]
        _add_polyline(scene, lines[0], 0.006, (*color, 1.0))
        for end in (lines[0][0], lines[0][-1]):
            _add_geom(scene, mujoco.mjtGeom.mjGEOM_SPHERE, [0.014] * 3, end, (*color, 1.0))


def _add_polyline(scene: mujoco.MjvScene, points: np.ndarray, radius: float, rgba) -> None:
    for start, end in pairwise(points):
        geom = _add_geom(scene, mujoco.mjtGeom.mjGEOM_CAPSULE, [radius] * 3, start, rgba)
        if geom is not None:
            mujoco.mjv_connector(geom, mujoco.mjtGeom.mjGEOM_CAPSULE, radius, start, end)


def _add_geom(scene: mujoco.MjvScene, kind, size, position, rgba):
    if scene.ngeom >= scene.maxgeom:
        return None
    geom = scene.geoms[scene.ngeom]
    mujoco.mjv_initGeom(geom, kind, np.array(size), np.array(position), np.eye(3).ravel(), np.array(rgba, np.float32))
    scene.ngeom += 1
    return geom
