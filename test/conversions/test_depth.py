"""Depth images in both encodings, and the calibrations they come with."""

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from genmodels_ros.conversions.depth import from_depth, to_camera, to_depth
from genmodels_ros.conversions.simulated import to_camera_info
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.scene.depth import PinholeCamera

MILLIMETRES = np.array([[0, 1, 1000], [65535, 2500, 300]])


def test_there_and_back():
    depth = np.array([[0.0, np.nan, 1.5], [2.25, np.inf, -1.0]], dtype=np.float32)
    np.testing.assert_array_equal(to_depth(from_depth(depth, Header())), depth)


@pytest.mark.parametrize("big", [0, 1])
def test_millimetres_become_metres_whatever_the_order_of_bytes_and_the_padding(big):
    rows = MILLIMETRES.astype(">u2" if big else "<u2").view(np.uint8).reshape(2, 6)
    padded = np.hstack([rows, np.full((2, 3), 0xAB, np.uint8)])
    message = Image(height=2, width=3, step=9, encoding="16UC1", is_bigendian=big, data=padded.tobytes())
    np.testing.assert_allclose(to_depth(message), MILLIMETRES / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"encoding": "rgb8"}, ErrorCode.UNKNOWN_ENCODING),
        ({"encoding": ""}, ErrorCode.UNKNOWN_ENCODING),
        ({"step": 11}, ErrorCode.INVALID_IMAGE),
        ({"height": 3}, ErrorCode.INVALID_IMAGE),
        ({"width": 0}, ErrorCode.INVALID_IMAGE),
        ({"height": 2**32 - 1, "width": 2**32 - 1}, ErrorCode.INVALID_IMAGE),
    ],
)
def test_a_malformed_depth_image_is_refused(fields, code):
    message = from_depth(np.ones((2, 3)), Header())
    for name, value in fields.items():
        setattr(message, name, value)
    with pytest.raises(GenModelsError) as error:
        to_depth(message)
    assert error.value.code == code


def test_the_pinhole_of_a_camera_info():
    info = to_camera_info(320, 240, 228.5, Header())
    assert to_camera(info, (240, 320)) == PinholeCamera(320, 240, 228.5, 228.5, 160.0, 120.0)


@pytest.mark.parametrize(
    "info",
    [
        CameraInfo(width=320, height=240),
        to_camera_info(640, 480, 500.0, Header()),
        to_camera_info(320, 240, float("nan"), Header()),
        to_camera_info(320, 240, -1.0, Header()),
    ],
)
def test_a_calibration_that_cannot_be_used_is_refused(info):
    with pytest.raises(GenModelsError) as error:
        to_camera(info, (240, 320))
    assert error.value.code == ErrorCode.INVALID_CALIBRATION and error.value.message.endswith(".")
