import math

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from std_msgs.msg import Header

from genmodels_ros.conversions.transforms import TRANSFORMS, from_transform, to_transforms
from genmodels_ros.errors import ErrorCode, GenModelsError


@pytest.mark.skipif(TRANSFORMS is None, reason="tf2_msgs is no wheel: it comes with an installed ROS 2")
def test_a_pose_becomes_a_transform():
    (transform,) = to_transforms((1.0, 2.0, math.pi / 2), Header(frame_id="odom"), "base_link").transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ("odom", "base_link")
    assert (transform.transform.translation.x, transform.transform.translation.y) == (1.0, 2.0)
    assert transform.transform.rotation.z == pytest.approx(math.sqrt(0.5))


def transform(parent="map", frame="odom", yaw=0.0, **translation) -> TransformStamped:
    message = TransformStamped(header=Header(frame_id=parent), child_frame_id=frame)
    for axis, value in translation.items():
        setattr(message.transform.translation, axis, value)
    message.transform.rotation.z, message.transform.rotation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def test_a_transform_is_a_pose_in_its_parent():
    frame, parent, pose = from_transform(transform("/map", "odom", yaw=2.0, x=1.0, y=-2.0, z=0.3))
    assert (frame, parent) == ("odom", "map")
    np.testing.assert_allclose(pose, (1.0, -2.0, 2.0))


def test_a_transform_that_is_none_is_refused():
    for bad in (transform(x=math.nan), transform(y=math.inf), TransformStamped(child_frame_id="odom")):
        bad.transform.rotation.w *= bad.header.frame_id != ""  # the last one: a rotation that is none
        with pytest.raises(GenModelsError, match="odom") as error:
            from_transform(bad)
        assert error.value.code == ErrorCode.NOT_FINITE
