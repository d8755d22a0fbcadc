"""Transforms of tf2, where its messages are installed: they come with ROS 2, not with the wheels."""

from geometry_msgs.msg import TransformStamped
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar

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
