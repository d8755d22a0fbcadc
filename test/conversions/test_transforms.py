import math

import pytest
from std_msgs.msg import Header

from genmodels_ros.conversions.transforms import TRANSFORMS, to_transforms


@pytest.mark.skipif(TRANSFORMS is None, reason="tf2_msgs is no wheel: it comes with an installed ROS 2")
def test_a_pose_becomes_a_transform():
    (transform,) = to_transforms((1.0, 2.0, math.pi / 2), Header(frame_id="odom"), "base_link").transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ("odom", "base_link")
    assert (transform.transform.translation.x, transform.transform.translation.y) == (1.0, 2.0)
    assert transform.transform.rotation.z == pytest.approx(math.sqrt(0.5))
