import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels_ros.data.image_codec import decode, encode_png
from genmodels_ros.errors import ErrorCode, GenModelsError

NOISE = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)


def jpeg(image, *options):
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), list(options))[1].tobytes()


def code_of(call, *arguments, **options):
    with pytest.raises(GenModelsError) as raised:
        call(*arguments, **options)
    return raised.value.code


def test_png_comes_back_exactly_and_in_rgb():
    assert np.array_equal(decode(encode_png(NOISE)), NOISE)
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert decode(jpeg(red))[..., 0].min() > 200 and decode(jpeg(red))[..., 2].max() < 50


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_keep_their_values(dtype):
    labels = np.arange(12, dtype=dtype).reshape(3, 4) * 21
    assert np.array_equal(decode(encode_png(labels), as_labels=True), labels)


def test_labels_are_a_png_with_one_channel():
    assert code_of(decode, encode_png(NOISE), as_labels=True) == ErrorCode.UNKNOWN_ENCODING
    assert code_of(decode, jpeg(NOISE), as_labels=True) == ErrorCode.UNKNOWN_ENCODING


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 0.98), data=st.sampled_from([jpeg(NOISE), encode_png(NOISE)]))
def test_truncated_data_is_refused(share, data):
    assert code_of(decode, data[: int(len(data) * share)]) in (ErrorCode.INVALID_IMAGE, ErrorCode.UNKNOWN_ENCODING)


def test_bytes_after_the_end_do_no_harm():
    assert np.array_equal(decode(encode_png(NOISE) + bytes(7)), NOISE)
    assert decode(jpeg(NOISE) + bytes(7)).shape == NOISE.shape


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=80),
    start=st.sampled_from([b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xc0", b"\x89PNG\r\n\x1a\n"]),
)
def test_arbitrary_bytes_raise_only_the_suites_own_error(data, start):
    assert code_of(decode, start + data) in (ErrorCode.INVALID_IMAGE, ErrorCode.UNKNOWN_ENCODING)


def test_the_size_in_the_header_is_believed_to_be_asked_for():
    data = bytearray(encode_png(NOISE))
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    assert code_of(decode, bytes(data)) == ErrorCode.INVALID_IMAGE
