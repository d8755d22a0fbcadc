"""Label images in a bag → arrays, values untouched."""

from pathlib import Path

import numpy as np

from genmodels_ros.data import rosbag
from genmodels_ros.data.image_codec import decode, invalid
from genmodels_ros.errors import ErrorCode, GenModelsError

TYPES = {"mono8": "u1", "8UC1": "u1", "mono16": "u2", "16UC1": "u2", "32SC1": "i4"}


def to_labels(path: Path, message) -> np.ndarray:
    """uint8, uint16 or int32 [H, W], of a PNG, of an Image of TYPES, or of rgb8 with three equal channels, as Gazebo's
    segmentation camera sends them.

    Raises GenModelsError: UNKNOWN_ENCODING, INVALID_IMAGE or NO_OBSERVATION for truncated data.
    """
    if not hasattr(message, "encoding"):
        return decode(bytes(message.data), as_labels=True)
    if message.encoding == "rgb8" and is_grey(message):
        return np.ascontiguousarray(rosbag.to_rgb(path, message, message.__msgtype__)[..., 0])
    if message.encoding not in TYPES:
        raise GenModelsError(
            ErrorCode.UNKNOWN_ENCODING,
            f"Labels are encoded as {message.encoding!r}: use mono8, mono16, 32SC1 or rgb8 of three equal channels.",
        )
    dtype = np.dtype(TYPES[message.encoding]).newbyteorder(">" if message.is_bigendian else "<")
    row = message.width * dtype.itemsize
    data = np.frombuffer(bytes(message.data), np.uint8)
    if message.step < row or len(data) < message.step * message.height or not data.size:
        raise invalid("The label image is truncated.")
    rows = data[: message.step * message.height].reshape(message.height, message.step)[:, :row]
    return np.ascontiguousarray(rows).view(dtype).astype(dtype.newbyteorder("="))


def is_grey(message) -> bool:
    """Whether the three channels of an rgb8 image are equal throughout; True for what is truncated."""
    row = 3 * message.width
    if message.step < row or len(message.data) < message.step * message.height:
        return True
    rows = np.asarray(message.data, np.uint8)[: message.step * message.height].reshape(message.height, message.step)
    pixels = rows[:, :row].reshape(-1, 3)
    return bool((pixels == pixels[:, :1]).all())
