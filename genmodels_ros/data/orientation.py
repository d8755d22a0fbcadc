"""Images with an EXIF orientation tag: which way up were they when somebody drew their labels?

A viewer turns such a picture upright, a program that reads pixels may not. Labels tell by their size: they fit the
pixels as stored, or the upright picture. Where they fit both, nobody can tell, and the image is refused.
"""

import numpy as np

from genmodels_ros.data.image_codec import decode
from genmodels_ros.errors import ErrorCode, GenModelsError

_HEAD = 65536  # bytes: EXIF stands before the pixels


def decode_oriented(data: bytes, labelled_size: tuple[int, int] | None = None) -> np.ndarray:
    """uint8 [H, W, 3] RGB: upright where there are no labels, else the way up that `labelled_size` (H, W) fits.

    Raises GenModelsError: LABEL_MISMATCH if no way up fits, or both do and differ; and as `decode`.
    """
    stored = decode(data)
    upright = decode(data, upright=True) if b"Exif" in data[:_HEAD] or b"eXIf" in data[:_HEAD] else stored
    if labelled_size is None:
        return upright
    if stored.shape == upright.shape and not np.array_equal(stored, upright):
        raise GenModelsError(
            ErrorCode.LABEL_MISMATCH,
            "Its orientation tag leaves open which way up its labels are: store it upright, without the tag.",
        )
    for image in (stored, upright):
        if image.shape[:2] == tuple(labelled_size):
            return image
    size, wanted = (f"{width}x{height}" for height, width in (labelled_size, stored.shape[:2]))
    raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"Its labels are {size} pixels, the image {wanted}.")
