"""Points from a depth image, by the pinhole model (Hartley and Zisserman, Multiple View Geometry, 2004, chapter 6)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class PinholeCamera:
    """width, height: pixels; fx, fy: focal lengths and cx, cy: principal point, in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


def depth_points(depth: np.ndarray, camera: PinholeCamera, base_from_camera: np.ndarray) -> np.ndarray:
    """Points [M, 3] m in the base frame, float32, of a depth image [H, W] m.

    depth: along the optical axis (REP-118), pixels without a reading 0, negative, NaN or infinite: left aside
    base_from_camera: [4, 4] pose of the optical frame (z forward, x right, y down)
    """
    z = np.asarray(depth, dtype=np.float32).reshape(-1)
    measured = np.flatnonzero((z > 0) & (z < np.inf))
    z = z[measured]
    rays = _rays(camera)[:, measured] * z
    rotation, translation = base_from_camera[:3, :3], base_from_camera[:3, 3]
    return (rotation.astype(np.float32) @ rays + translation[:, None].astype(np.float32)).T


@lru_cache(maxsize=4)
def _rays(camera: PinholeCamera) -> np.ndarray:
    """Where each pixel's centre looks at depth 1: [3, H * W] float32, row by row."""
    columns = (np.arange(camera.width, dtype=np.float32) - camera.cx) / camera.fx
    rows = (np.arange(camera.height, dtype=np.float32) - camera.cy) / camera.fy
    x, y = np.meshgrid(columns, rows)
    rays = np.stack([x.ravel(), y.ravel(), np.ones(x.size)]).astype(np.float32)
    rays.setflags(write=False)
    return rays
