"""Transforms of tf2, where its messages are installed: they come with ROS 2, not with the wheels."""

import numpy as np
from geometry_msgs.msg import Transform, TransformStamped
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar, to_planar, to_pose

try:
    from tf2_msgs.msg import TFMessage as TRANSFORMS
except ImportError:
    TRANSFORMS = None


def to_transforms(pose, header: Header, child_frame_id: str):
    """The TFMessage of a planar pose (x m, y m, yaw rad) of `child_frame_id` in the frame of `header`."""
    transform, placed = TransformStamped(header=header, child_frame_id=child_frame_id), from_planar(pose)
    shift = transform.transform.translation
    shift.x, shift.y, shift.z = placed.position.x, placed.position.y, placed.position.z
    transform.transform.rotation = placed.orientation
    return TRANSFORMS(transforms=[transform])


def from_transform(message: TransformStamped) -> tuple[str, str, np.ndarray]:
    """(frame, parent, pose [3] of the frame in its parent: x m, y m, yaw rad); roll, pitch and height are left aside.

    Raises GenModelsError(NOT_FINITE) as `to_planar`.
    """
    frame, parent = frame_names(message)
    return frame, parent, to_planar(_pose(message.transform), f"The transform from {parent!r} to {frame!r}")


def frame_names(message: TransformStamped) -> tuple[str, str]:
    """(frame, its parent), without a leading slash, which tf2 drops, too."""
    return message.child_frame_id.lstrip("/"), message.header.frame_id.lstrip("/")


def _pose(transform: Transform):
    shift, turn = transform.translation, transform.rotation
    return to_pose((shift.x, shift.y, shift.z), (turn.x, turn.y, turn.z, turn.w))
