"""A planar laser scanner by ray casting."""

import math

import mujoco
import numpy as np

from genmodels_ros.simulation.geoms import ARM_HULL, SENSED, SOLID
from genmodels_ros.simulation.scenes import Lidar, of_base


class LidarSimulation:
    """Casts the beams of one scan; buffers are reused."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, lidar: Lidar, rng: np.random.Generator, name=""):
        """name: of the base that carries it."""
        self.description, self._model, self._data, self._rng = lidar, model, data, rng
        self._angles = lidar.angle_min + lidar.angle_increment * np.arange(lidar.num_beams)
        self._directions = np.zeros((lidar.num_beams, 3))
        self._distances = np.zeros(lidar.num_beams)
        self._hits = np.zeros(lidar.num_beams, np.int32)
        self._groups = np.zeros(6, np.uint8)
        self._groups[[SOLID, SENSED, ARM_HULL]] = 1
        self._own_body = model.body(of_base(name, "base_link")).id

    def scan(self, pose) -> np.ndarray:
        """Ranges [num_beams] in m from a base at (x, y, yaw), with noise; inf where nothing is hit, NaN in a burst."""
        x, y, yaw = pose
        self._directions[:, 0], self._directions[:, 1] = np.cos(self._angles + yaw), np.sin(self._angles + yaw)
        origin = np.array([x, y, self.description.height])
        limit = self.description.range_max
        mujoco.mj_multiRay(
            self._model, self._data, origin, self._directions.reshape(-1), self._groups, True, self._own_body,
            self._hits, self._distances, None, len(self._angles), limit,
        )  # fmt: skip
        ranges = np.where(self._distances < 0, math.inf, self._distances)
        if self.description.noise:
            ranges += self._rng.normal(0, self.description.noise, size=len(ranges))
        if self.description.dropout:
            ranges[self._rng.random(len(ranges)) < self.description.dropout] = math.inf
        ranges = np.where(ranges > limit, math.inf, np.maximum(ranges, self.description.range_min))
        if self.description.bursts and self._rng.random() < self.description.bursts:
            ranges[self._burst()] = math.nan
        return ranges

    def _burst(self) -> np.ndarray:
        """A run of beams, around the end of the scan too."""
        count = len(self._angles)
        length = int(self._rng.integers(1, max(2, count // 8)))
        return (int(self._rng.integers(count)) + np.arange(length)) % count
