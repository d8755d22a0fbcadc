"""Solids moved from one frame into another."""

from dataclasses import replace

import numpy as np

from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Obstacle, Sphere


def placed(solid: Obstacle, pose: np.ndarray) -> Obstacle:
    """The solid, given in a frame, as the parent of that frame sees it; pose: parent_from_frame [4, 4]."""
    center = pose[:3, :3] @ solid.center + pose[:3, 3]
    if isinstance(solid, Sphere):
        return replace(solid, center=center)
    return replace(solid, center=center, quat_xyzw=_product(quaternion(pose[:3, :3]), solid.quat_xyzw))


def quaternion(rotation: np.ndarray) -> np.ndarray:
    """[4] x y z w of a rotation matrix [3, 3] (Bar-Itzhack, 2000): exact for rotations, the nearest one otherwise."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    symmetric = np.array(
        [
            [xx - yy - zz, xy + yx, xz + zx, zy - yz],
            [xy + yx, yy - xx - zz, yz + zy, xz - zx],
            [xz + zx, yz + zy, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    return np.linalg.eigh(symmetric)[1][:, -1]


def _product(first, second) -> np.ndarray:
    """Hamilton's product of two quaternions x y z w."""
    if tuple(second) == IDENTITY_XYZW:
        return np.asarray(first)
    (a, b), (v, u) = (np.asarray(first)[3], np.asarray(second)[3]), (np.asarray(first)[:3], np.asarray(second)[:3])
    return np.append(a * u + b * v + np.cross(v, u), a * b - v @ u)
