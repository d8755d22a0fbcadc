"""Poses: geometry_msgs ↔ arrays. Metres, radians, quaternions as (x, y, z, w)."""

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion

from genmodels_ros.errors import ErrorCode, GenModelsError


def position(point: Point) -> np.ndarray:
    """[3] m."""
    return np.array([point.x, point.y, point.z])


def quat_xyzw(quaternion: Quaternion) -> np.ndarray:
    """[4], as it is: not normalised, not checked."""
    return np.array([quaternion.x, quaternion.y, quaternion.z, quaternion.w])


def to_pose(xyz, quaternion_xyzw) -> Pose:
    """The message of a position [3] m and an orientation [4]."""
    pose = Pose()
    pose.position.x, pose.position.y, pose.position.z = (float(value) for value in xyz)
    orientation = pose.orientation
    orientation.x, orientation.y, orientation.z, orientation.w = (float(value) for value in quaternion_xyzw)
    return pose


def to_matrix(pose: Pose, what: str = "The pose") -> np.ndarray:
    """Homogeneous transform [4, 4].

    Raises GenModelsError(NOT_FINITE) for NaN, infinity, or a quaternion whose norm is not 1 within 1 %.
    """
    xyz, (x, y, z, w) = _checked(pose, what)
    matrix = np.eye(4)
    matrix[:3, 3] = xyz
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return matrix


def to_planar(pose: Pose, what: str = "The pose") -> np.ndarray:
    """[3]: x m, y m, yaw rad in (−π, π]. Roll and pitch are left aside. Raises as `to_matrix`."""
    xyz, (x, y, z, w) = _checked(pose, what)
    return np.array([xyz[0], xyz[1], np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))])


def from_planar(pose) -> Pose:
    """The message of x m, y m, yaw rad."""
    x, y, yaw = (float(value) for value in pose)
    return to_pose((x, y, 0.0), (0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)))


def relative_to(origin: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Planar poses [*, 3] as seen from the planar pose `origin` [3] of the same frame."""
    dx, dy = poses[..., 0] - origin[0], poses[..., 1] - origin[1]
    cos, sin = np.cos(origin[2]), np.sin(origin[2])
    yaw = poses[..., 2] - origin[2]
    return np.stack([cos * dx + sin * dy, cos * dy - sin * dx, np.arctan2(np.sin(yaw), np.cos(yaw))], axis=-1)


def _checked(pose: Pose, what: str) -> tuple[np.ndarray, np.ndarray]:
    xyz, quaternion = position(pose.position), quat_xyzw(pose.orientation)
    if not (np.isfinite(xyz).all() and np.isfinite(quaternion).all()):
        raise GenModelsError(ErrorCode.NOT_FINITE, f"{what} contains NaN or infinity.")
    norm = np.linalg.norm(quaternion)
    if abs(norm - 1) > 1e-2:
        raise GenModelsError(
            ErrorCode.NOT_FINITE, f"{what} needs a unit quaternion as orientation, its norm is {norm:.3g}."
        )
    return xyz, quaternion / norm
