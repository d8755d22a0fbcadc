"""Label images in a bag → arrays, values untouched."""

import numpy as np

from genmodels_ros.data import raw_images
from genmodels_ros.data.image_codec import decode
from genmodels_ros.errors import ErrorCode, GenModelsError


def to_labels(message) -> np.ndarray:
    """uint8, uint16 or int32 [H, W], of a one-channel PNG or an Image that raw_images reads as labels.

    Raises GenModelsError: UNKNOWN_ENCODING, INVALID_IMAGE.
    """
    if not hasattr(message, "encoding"):
        return decode(bytes(message.data), as_labels=True)
    return raw_images.to_labels(message)


def is_grey(message) -> bool:
    """Whether the three channels of an rgb8 image are equal throughout; True for what is truncated."""
    try:
        raw_images.to_labels(message)
    except GenModelsError as error:
        return error.code == ErrorCode.INVALID_IMAGE
    return True
