"""A camera of the world: colour, labels and depth of the same moment, rendered off screen.

Rendering needs an OpenGL context that belongs to the thread that first asked for a picture: ask from one thread only.
"""

import os

import mujoco
import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.camera.pinhole import Pinhole
from genmodels_ros.simulation.geoms import ARM_HULL, CEILING, LOOKS, SOLID, label_of
from genmodels_ros.simulation.scenes import LabelClass


def new_renderer(model: mujoco.MjModel, width: int, height: int) -> mujoco.Renderer:
    """An off-screen renderer of this thread; raises GenModelsError(MODEL_UNAVAILABLE) where there is no OpenGL."""
    try:
        if os.environ.get("MUJOCO_GL") == "disabled":
            raise RuntimeError("no EGL or OSMesa library was found")
        return mujoco.Renderer(model, height, width)
    except (RuntimeError, AttributeError, ImportError) as error:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"Pictures cannot be rendered ({error}): install libegl1 and libgl1."
        ) from error


class CameraSimulation:
    """Renders the model's camera `name` at the description's size; "camera" is the one on the base."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, camera: Pinhole, name: str = "camera"):
        self._model, self._data, self._name = model, data, name
        self._renderer = new_renderer(model, camera.width, camera.height)
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:] = 0
        self._options.geomgroup[[SOLID, LOOKS, CEILING, ARM_HULL]] = 1
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        # One entry more than geoms: index -1, the background, falls on it.
        names = [model.geom(index).name for index in range(model.ngeom)]
        self._labels = np.array([*map(label_of, names), LabelClass.BACKGROUND], np.uint8)

    def rgb(self) -> np.ndarray:
        """uint8 [H, W, 3]."""
        return self._render()

    def labels(self) -> np.ndarray:
        """uint8 [H, W], a LabelClass a pixel."""
        self._renderer.enable_segmentation_rendering()
        segments = self._render()
        self._renderer.disable_segmentation_rendering()
        is_geom = segments[..., 1] == int(mujoco.mjtObj.mjOBJ_GEOM)
        return self._labels[np.where(is_geom, segments[..., 0], -1)]

    def depth(self) -> np.ndarray:
        """float32 [H, W]: distance along the optical axis, m."""
        self._renderer.enable_depth_rendering()
        depth = self._render().astype(np.float32)
        self._renderer.disable_depth_rendering()
        return depth

    def _render(self) -> np.ndarray:
        mujoco.mj_kinematics(self._model, self._data)  # the step leaves poses where they were before it
        mujoco.mj_camlight(self._model, self._data)
        self._renderer.update_scene(self._data, self._name, self._options)
        return self._renderer.render()

    def close(self) -> None:
        """Frees the OpenGL context."""
        self._renderer.close()
