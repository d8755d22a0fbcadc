"""nav_msgs/GetPlan and Path ↔ planar poses."""

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path

from genmodels_ros.conversions.poses import from_planar, to_planar
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.routes import to_odom


def to_path(poses: np.ndarray, frame: str, stamp: float, time_step: float = 0.0) -> Path:
    """The message of planar poses [K, 3] in `frame`; pose k carries the moment `stamp` + k `time_step` s."""
    path = Path(header=header(frame, stamp))
    path.poses = [
        PoseStamped(header=header(frame, stamp + k * time_step), pose=from_planar(pose)) for k, pose in enumerate(poses)
    ]
    return path


def to_place(message: PoseStamped, what: str, base_pose: np.ndarray, odom_frame: str, base_frame: str) -> np.ndarray:
    """[3] in odom, where the base stands at `base_pose` [3].

    Raises GenModelsError: UNKNOWN_FRAME for a frame that is neither, NOT_FINITE.
    """
    frame = message.header.frame_id
    if frame not in (odom_frame, base_frame):
        raise GenModelsError(
            ErrorCode.UNKNOWN_FRAME, f"{what} is in {frame!r}: give it in {odom_frame!r} or {base_frame!r}."
        )
    place = to_planar(message.pose, what)
    return to_odom(base_pose, place) if frame == base_frame else place


def check_start(start: np.ndarray, base_pose: np.ndarray, tolerance: float) -> None:
    """Raises GenModelsError(INVALID_PATH) for a start [3] of a plan farther than `tolerance` m from the base."""
    distance = float(np.hypot(*(start - base_pose)[:2]))
    if distance > tolerance:
        raise GenModelsError(
            ErrorCode.INVALID_PATH,
            f"The start is {distance:.2f} m from the robot: plans begin where it stands; leave the start empty.",
        )
