"""Labels and pixels stay in step whatever way up a camera held itself."""

import cv2
import numpy as np
import pytest

from genmodels_ros.data.orientation import decode_oriented
from genmodels_ros.errors import ErrorCode, GenModelsError


def tagged(orientation, height=16, width=32):
    """A JPEG, bright on its left, with an EXIF orientation tag (EXIF 2.32, 4.6.4)."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = 255
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0, 0, 0, 0, 0])
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def test_without_labels_an_image_is_upright():
    image = decode_oriented(tagged(6))
    assert image.shape == (32, 16, 3) and image[:10].mean() > 200 and image[-10:].mean() < 50


@pytest.mark.parametrize("size", [(16, 32), (32, 16)])
def test_labels_say_which_way_up_they_were_drawn(size):
    assert decode_oriented(tagged(6), size).shape[:2] == size


def test_what_labels_cannot_tell_is_refused():
    for data, size in ((tagged(3), (16, 32)), (tagged(6, 32, 32), (32, 32)), (tagged(6), (9, 9))):
        with pytest.raises(GenModelsError) as raised:
            decode_oriented(data, size)
        assert raised.value.code == ErrorCode.LABEL_MISMATCH


def test_an_upright_tag_changes_nothing():
    assert decode_oriented(tagged(1), (16, 32)).shape == (16, 32, 3)
