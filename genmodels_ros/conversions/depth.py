"""Depth images and their camera_info ↔ arrays, as REP-118 defines them."""

import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from genmodels_ros.conversions.images import byte_array
from genmodels_ros.data.raw_images import pixel_values
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.scene.depth import PinholeCamera

METRES = {"16UC1": (np.uint16, 1e-3), "mono16": (np.uint16, 1e-3), "32FC1": (np.float32, 1.0)}


def to_depth(message: Image) -> np.ndarray:
    """Depth along the optical axis [H, W] m, float32; what a camera could not measure stays 0 or NaN.

    Raises GenModelsError: UNKNOWN_ENCODING unless 16UC1 (mm) or 32FC1 (m); INVALID_IMAGE as `images.to_rgb`.
    """
    if message.encoding not in METRES:
        raise GenModelsError(
            ErrorCode.UNKNOWN_ENCODING,
            f"Unknown depth encoding {message.encoding!r}; supported: {', '.join(METRES)}.",
        )
    dtype, unit = METRES[message.encoding]
    return pixel_values(message, dtype).astype(np.float32) * np.float32(unit)


def from_depth(depth: np.ndarray, header: Header) -> Image:
    """The 32FC1 image of depth [H, W] m."""
    height, width = depth.shape
    message = Image(header=header, height=height, width=width, encoding="32FC1", step=4 * width)
    message.data = byte_array(depth.astype("<f4"))
    return message


def to_camera(message: CameraInfo, shape: tuple[int, int]) -> PinholeCamera:
    """The pinhole of a rectified image of `shape` (H, W).

    Raises GenModelsError(INVALID_CALIBRATION) for another image size or focal lengths that are not positive numbers.
    """
    height, width = shape
    if (message.height, message.width) != (height, width):
        raise GenModelsError(
            ErrorCode.INVALID_CALIBRATION,
            f"camera_info is of {message.width}x{message.height} pixels, the depth image of {width}x{height}: "
            "send the camera_info of the depth image.",
        )
    fx, _, cx, _, fy, cy, *_ = (float(value) for value in message.k)
    if not (np.isfinite([fx, fy, cx, cy]).all() and fx > 0 and fy > 0):
        raise GenModelsError(
            ErrorCode.INVALID_CALIBRATION, f"camera_info has focal lengths {fx:g} and {fy:g}: calibrate the camera."
        )
    return PinholeCamera(width, height, fx, fy, cx, cy)
