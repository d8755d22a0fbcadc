"""Pictures for people: any viewpoint, shadows, smooth edges. Rare and slow, unlike the robot's camera."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

from genmodels_ros.simulation.camera.camera import new_renderer
from genmodels_ros.simulation.floor.plan import Bounds
from genmodels_ros.simulation.geoms import ARM_LOOKS, LOOKS, SOLID
from genmodels_ros.simulation.scenes import ArmCell

BRIGHTNESS = 1.2  # of the light from the viewer, over what the robot's camera gets


class PictureCamera:
    """Renders a model for people. Belongs to the thread that made it, as every OpenGL context does."""

    def __init__(self, model: mujoco.MjModel, width: int = 1280, height: int = 720):
        quality = model.vis.quality
        with _kept(quality, "shadowsize", "offsamples"):
            quality.shadowsize, quality.offsamples = 4096, 4  # read once, when the context is made
            self._renderer = new_renderer(model, width, height)
        self._model, self.size = model, (width, height)
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:] = 0
        self._options.geomgroup[[SOLID, LOOKS, ARM_LOOKS]] = 1

    def take(
        self,
        data: mujoco.MjData,
        view: mujoco.MjvCamera,
        orthographic_height: float | None = None,
        shadows: bool = True,
        extra: Callable[[mujoco.MjvScene], None] | None = None,
    ) -> np.ndarray:
        """uint8 [H, W, 3]. extra(scene) may add geoms; orthographic_height: metres that the picture's height shows."""
        visual = self._model.vis
        with _kept(visual.headlight, "ambient", "diffuse"), _kept(visual.global_, "fovy", "orthographic"):
            visual.headlight.ambient = BRIGHTNESS * visual.headlight.ambient
            visual.headlight.diffuse = BRIGHTNESS * visual.headlight.diffuse
            if orthographic_height is not None:
                view.orthographic, visual.global_.fovy = 1, orthographic_height
            self._renderer.update_scene(data, view, self._options)
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
        if extra is not None:
            extra(self._renderer.scene)
        return self._renderer.render()

    def close(self) -> None:
        """Frees the OpenGL context."""
        self._renderer.close()


@contextmanager
def _kept(settings, *names: str) -> Iterator[None]:
    """Puts attributes back afterwards."""
    before = {name: np.array(getattr(settings, name)) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value if value.ndim else value.item())


def view_of_cell(cell: ArmCell) -> mujoco.MjvCamera:
    """The arm and its table from the front, the bin's side."""
    x, y, z = cell.position
    c, s = math.cos(cell.yaw), math.sin(cell.yaw)
    return look_at((x + 0.30 * c, y + 0.30 * s, z + 0.26), 2.1, math.degrees(cell.yaw) - 142, -20)


def view_of_floor(bounds: Bounds) -> mujoco.MjvCamera:
    """All rooms from a corner, from above."""
    x0, y0, x1, y1 = bounds
    return look_at(((x0 + x1) / 2, (y0 + y1) / 2, 0.0), 1.15 * max(x1 - x0, 1.3 * (y1 - y0)), 65, -55)


def view_from_above(bounds: Bounds) -> mujoco.MjvCamera:
    """Straight down on the middle, x to the right and y up; for orthographic pictures."""
    x0, y0, x1, y1 = bounds
    return look_at(((x0 + x1) / 2, (y0 + y1) / 2, 0.0), 10.0, 90, -90)


def look_at(target, distance: float, azimuth: float, elevation: float) -> mujoco.MjvCamera:
    """A free camera `distance` m from a point; azimuth and elevation of its line of sight in degrees."""
    view = mujoco.MjvCamera()
    view.type = mujoco.mjtCamera.mjCAMERA_FREE
    view.lookat[:] = target
    view.distance, view.azimuth, view.elevation = distance, azimuth, elevation
    return view
