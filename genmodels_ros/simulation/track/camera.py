"""Labelled pictures of a small car's camera on random tracks: what it sees, what that is, and how to steer.

The pinhole picture comes from MuJoCo and is bent by the lens. What stands up is labelled by MuJoCo's segmentation; what
lies on the floor by the exact place where each pixel's ray meets it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np

from genmodels_ros.simulation.camera.camera import new_renderer
from genmodels_ros.simulation.track.ground import Ground, TrackLabel, random_ground
from genmodels_ros.simulation.track.lens import RENDERED_HEIGHT, RENDERED_WIDTH, Lens, random_lens
from genmodels_ros.simulation.track.track import Track, random_track
from genmodels_ros.simulation.track.world import CAMERA, FLOOR, OBSTACLE, track_spec

FRAMES_A_TRACK = 40
TRACK_SEEDS = 1_000_000  # tracks of one seed never meet those of another
CAMERA_AHEAD = 0.1  # m, of the car's middle
MAX_OFFSET, MAX_TURNED = 0.55, 0.6  # of the lane's width; rad


@dataclass(frozen=True)
class Mount:
    """height above the floor in m; tilt downwards and roll (to the right) in rad."""

    height: float
    tilt: float
    roll: float = 0.0

    def axes(self) -> np.ndarray:
        """Right, down and forward of the camera in the car's frame (x forward, y left, z up), as columns [3, 3]."""
        forward = np.array([math.cos(self.tilt), 0, -math.sin(self.tilt)])
        right, down = np.array([0.0, -1, 0]), np.array([-math.sin(self.tilt), 0, -math.cos(self.tilt)])
        c, s = math.cos(self.roll), math.sin(self.roll)
        return np.stack([c * right + s * down, c * down - s * right, forward], axis=1)


class TrackWorld:
    """One track in one room, looked at by one camera. Belongs to the thread that made it, as OpenGL does."""

    def __init__(self, track: Track, ground: Ground, lens: Lens, mount: Mount, rng: np.random.Generator):
        self.track, self.ground, self.lens, self.mount = track, ground, lens, mount
        self._model = track_spec(track, ground, rng).compile()
        self._data = mujoco.MjData(self._model)
        self._model.cam_fovy[:] = math.degrees(lens.rendered_vertical_fov)
        self._renderer = new_renderer(self._model, RENDERED_WIDTH, RENDERED_HEIGHT)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._renderer.scene.flags[flag] = False
        names = [self._model.geom(index).name for index in range(self._model.ngeom)]
        self._is_floor = np.array([*(name.startswith(FLOOR) for name in names), False])
        self._is_obstacle = np.array([*(name.startswith(OBSTACLE) for name in names), False])

    def look(self, pose: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
        """From a car at x, y [m], yaw [rad]: rgb uint8 [H, W, 3] and labels uint8 [H, W] (TrackLabel)."""
        axes, eye = self._place(pose)
        rgb = self._render()
        self._renderer.enable_segmentation_rendering()
        segments = self._render()[..., 0].astype(np.int16)
        self._renderer.disable_segmentation_rendering()
        return self.lens.bend(rgb), self._labels(self.lens.pick(segments), axes, eye)

    def close(self) -> None:
        """Frees the OpenGL context."""
        self._renderer.close()

    def _place(self, pose) -> tuple[np.ndarray, np.ndarray]:
        """The camera's axes [3, 3] and place [3] in the map, and MuJoCo's camera there."""
        x, y, yaw = pose
        c, s = math.cos(yaw), math.sin(yaw)
        axes = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ self.mount.axes()
        eye = np.array([x + CAMERA_AHEAD * c, y + CAMERA_AHEAD * s, self.mount.height])
        self._data.mocap_pos[0] = eye
        looking = (axes * [1, -1, -1]).flatten()  # MuJoCo's camera looks along -z, y up
        mujoco.mju_mat2Quat(self._data.mocap_quat[0], looking)
        return axes, eye

    def _render(self) -> np.ndarray:
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        self._renderer.update_scene(self._data, CAMERA)
        return self._renderer.render()

    def _labels(self, segments: np.ndarray, axes: np.ndarray, eye: np.ndarray) -> np.ndarray:
        rays = self.lens.directions @ axes[:, :2].T + axes[:, 2]
        distance = -eye[2] / np.minimum(rays[..., 2], -1e-6)
        on_floor = self.ground.label_at(eye[0] + distance * rays[..., 0], eye[1] + distance * rays[..., 1])
        labels = np.where(self._is_floor[segments], on_floor, TrackLabel.BACKGROUND)
        return np.where(self._is_obstacle[segments], TrackLabel.OBSTACLE, labels).astype(np.uint8)


def track_frames(count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """Yields `count` times (rgb uint8 [120, 160, 3], labels uint8 [120, 160], steering in [-1, 1]).

    Each track, with looks, camera and lens of its own, gives FRAMES_A_TRACK frames of a car anywhere in the lane,
    turned away from it more or less.
    """
    for number in range(-(-count // FRAMES_A_TRACK)):
        rng = np.random.default_rng(TRACK_SEEDS * seed + number)
        track = random_track(rng)
        mount = Mount(rng.uniform(0.1, 0.22), math.radians(rng.uniform(2, 28)), math.radians(rng.normal(0, 1.5)))
        world = TrackWorld(track, random_ground(track, rng), random_lens(rng), mount, rng)
        for _ in range(min(FRAMES_A_TRACK, count - number * FRAMES_A_TRACK)):
            pose = _random_pose(track, rng)
            yield *world.look(pose), track.steering(pose)
        world.close()


def _random_pose(track: Track, rng: np.random.Generator) -> tuple[float, float, float]:
    offset = np.clip(rng.normal(0, 0.22), -MAX_OFFSET, MAX_OFFSET) * track.width
    return track.pose(int(rng.integers(len(track.lane))), offset, np.clip(rng.normal(0, 0.22), -MAX_TURNED, MAX_TURNED))
