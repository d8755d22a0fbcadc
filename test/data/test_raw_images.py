"""Pixels of a message, of whatever origin: rows padded, bytes swapped, sizes that lie."""

from types import SimpleNamespace

import numpy as np
import pytest

from genmodels_ros.data.raw_images import ENCODINGS, LABEL_ENCODINGS, LABEL_TYPES, pixel_rows, to_labels, to_rgb
from genmodels_ros.errors import ErrorCode, GenModelsError


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def message(pixels, encoding, padding=0, big_endian=False) -> SimpleNamespace:
    """pixels [H, W] or [H, W, C]"""
    stored = pixels.astype(pixels.dtype.newbyteorder(">" if big_endian else "<"))
    rows = np.frombuffer(stored.tobytes(), np.uint8).reshape(len(pixels), -1)
    rows = np.concatenate([rows, np.full((len(rows), padding), 255, np.uint8)], axis=1)
    height, width = pixels.shape[:2]
    return SimpleNamespace(
        height=height, width=width, encoding=encoding, is_bigendian=big_endian, step=rows.shape[1], data=rows.ravel()
    )


@pytest.mark.parametrize("encoding", LABEL_TYPES)
@pytest.mark.parametrize("big_endian", [False, True])
def test_labels_are_read_whatever_the_padding_and_byte_order(encoding, big_endian, rng):
    dtype = np.dtype(LABEL_TYPES[encoding])
    labels = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, (7, 5), dtype=dtype, endpoint=True)
    found = to_labels(message(labels, encoding, 3, big_endian))
    assert found.dtype == dtype and found.dtype.isnative and np.array_equal(found, labels)


def test_every_type_that_is_written_is_read():
    assert {name: LABEL_TYPES[encoding] for name, encoding in LABEL_ENCODINGS.items() if name != "bool"} == {
        "uint8": np.uint8, "uint16": np.uint16, "int32": np.int32,
    }  # fmt: skip


def test_three_equal_channels_are_labels_and_colours_are_not(rng):
    labels = rng.integers(0, 9, (4, 6), np.uint8)
    assert np.array_equal(to_labels(message(np.dstack([labels] * 3), "rgb8", 2)), labels)
    with pytest.raises(GenModelsError, match="three equal channels") as error:
        to_labels(message(rng.integers(0, 9, (4, 6, 3), np.uint8), "rgb8"))
    assert error.value.code == ErrorCode.UNKNOWN_ENCODING


def test_colours_are_read_from_padded_rows(rng):
    picture = rng.integers(0, 256, (4, 6, 3), np.uint8)
    assert np.array_equal(to_rgb(message(picture, "rgb8", 5)), picture)
    assert np.array_equal(to_rgb(message(picture[..., ::-1], "bgr8", 5)), picture)
    for encoding, layout in ENCODINGS.items():
        assert to_rgb(message(np.zeros((4, 6, layout.channels), np.uint8), encoding, 1)).shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"height": 0}, ErrorCode.INVALID_IMAGE),
        ({"width": 10**6}, ErrorCode.INVALID_IMAGE),
        ({"step": 11}, ErrorCode.INVALID_IMAGE),
        ({"height": 5}, ErrorCode.INVALID_IMAGE),
        ({"encoding": "32FC1"}, ErrorCode.UNKNOWN_ENCODING),
    ],
)
def test_what_cannot_be_true_is_refused(changes, code):
    broken = message(np.zeros((4, 6), np.uint16), "mono16")
    vars(broken).update(changes)
    with pytest.raises(GenModelsError) as error:
        to_labels(broken)
    assert error.value.code == code


def test_rows_are_a_view():
    given = message(np.zeros((4, 6), np.uint8), "mono8", 2)
    assert np.shares_memory(pixel_rows(given, 1), given.data)
