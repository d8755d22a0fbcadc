import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy")

from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from genmodels_ros.conversions import images
from genmodels_ros.data.raw_images import ALIASES, ENCODINGS
from genmodels_ros.errors import ErrorCode, GenModelsError

LOSSLESS = ("rgb8", "bgr8", "rgba8", "bgra8")


def smooth_image(height=48, width=64):
    """Slow ramps that differ between the channels: subsampled chroma and demosaicing can restore them."""
    y, x = np.mgrid[:height, :width]
    ramps = np.stack([60 + 2 * x, 200 - 2 * y, 90 + x + y], -1)
    return np.clip(ramps, 0, 255).astype(np.uint8)


def padded(message, extra, filler=0xAB):
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    wide = np.full((message.height, message.step + extra), filler, np.uint8)
    wide[:, : message.step] = rows
    message.step += extra
    message.data = wide.tobytes()
    return message


def code_of(call, *arguments):
    with pytest.raises(GenModelsError) as raised:
        call(*arguments)
    return raised.value.code


@settings(max_examples=60, deadline=None)
@given(encoding=st.sampled_from(LOSSLESS), height=st.integers(1, 9), width=st.integers(1, 9), extra=st.integers(0, 5))
def test_lossless_encodings_come_back_exactly_whatever_the_size_and_padding(encoding, height, width, extra):
    rgb = np.random.default_rng(height * 10 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    message = padded(images.from_rgb(rgb, encoding=encoding), extra)
    assert np.array_equal(images.to_rgb(message), rgb)


@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if e not in LOSSLESS and e != "mono8"])
def test_subsampled_encodings_come_back_nearly(encoding):
    rgb = smooth_image()
    back = images.to_rgb(padded(images.from_rgb(rgb, encoding=encoding), 6))
    error = np.abs(back.astype(int) - rgb)[2:-2, 2:-2]  # demosaicing guesses at the border
    assert error.max() <= 6
    assert np.abs(back.astype(int) - rgb[..., ::-1])[2:-2, 2:-2].mean() > 10  # red and blue are not exchanged


def test_known_bytes_mean_known_colours():
    message = Image(height=1, width=2, step=4, encoding="yuv422", data=[128, 235, 128, 16])  # u y v y
    assert np.array_equal(images.to_rgb(message)[0, :, 0] > 127, [True, False])
    message.encoding, message.data = "yuv422_yuy2", [16, 128, 235, 128]  # y u y v
    assert np.array_equal(images.to_rgb(message)[0, :, 0] > 127, [False, True])
    red_only = Image(height=4, width=4, step=4, encoding="bayer_grbg8", data=[0, 200, 0, 200, 0, 0, 0, 0] * 2)
    assert np.array_equal(images.to_rgb(red_only).reshape(-1, 3).max(0), [200, 0, 0])


@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if e.startswith("bayer_")])
def test_the_smallest_bayer_image_has_its_colour(encoding):
    colour = np.full((2, 2, 3), [200, 100, 50], np.uint8)
    assert np.array_equal(images.to_rgb(images.from_rgb(colour, encoding=encoding)), colour)


def test_newer_names_of_the_yuv_layouts_are_the_same_layouts():
    rgb = smooth_image()
    for alias, name in ALIASES.items():
        aliased, plain = (images.to_rgb(images.from_rgb(rgb, encoding=e)) for e in (alias, name))
        assert np.array_equal(aliased, plain)


def test_mono_is_grey_in_three_channels():
    grey = images.to_rgb(images.from_rgb(smooth_image(), encoding="mono8"))
    assert grey.shape == (48, 64, 3) and np.ptp(grey, axis=-1).max() == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
@pytest.mark.parametrize("big_endian", [False, True])
def test_labels_come_back_exactly_in_both_byte_orders(dtype, big_endian):
    info = np.iinfo(dtype)
    labels = np.random.default_rng(0).integers(info.min, info.max, (7, 5), dtype=dtype, endpoint=True)
    message = images.from_labels(labels)
    if big_endian:
        message.is_bigendian = 1
        message.data = labels.astype(labels.dtype.newbyteorder(">")).tobytes()
    back = images.to_labels(padded(message, 8), shape=(7, 5))
    assert back.dtype == dtype and np.array_equal(back, labels)


def test_labels_of_another_size_are_refused():
    message = images.from_labels(np.zeros((4, 6), np.uint8))
    assert code_of(images.to_labels, message, (6, 4)) == ErrorCode.LABEL_MISMATCH
    assert code_of(images.to_labels, images.from_rgb(smooth_image())) == ErrorCode.UNKNOWN_ENCODING


def test_labels_of_three_equal_channels_are_read():
    """As a segmentation camera in Gazebo sends them."""
    labels = np.random.default_rng(0).integers(0, 6, (5, 7)).astype(np.uint8)
    message = images.from_rgb(np.stack([labels] * 3, axis=-1))
    np.testing.assert_array_equal(images.to_labels(message, labels.shape), labels)
    assert code_of(images.from_labels, np.zeros((4, 6), float)) == ErrorCode.INVALID_IMAGE


def test_header_is_kept():
    header = Header(frame_id="camera_optical_frame")
    header.stamp.sec = 7
    for message in (
        images.from_rgb(smooth_image(), header),
        images.from_labels(np.zeros((2, 2), np.uint8), header),
        images.compress(smooth_image(), header),
    ):
        assert message.header == header


@pytest.mark.parametrize(
    "change",
    [
        {"height": 0},
        {"width": 0},
        {"step": 5},
        {"data": b""},
        {"data": bytes(4 * 12 - 1)},
        {"height": 2**31, "width": 2**31, "step": 2**32 - 1},
        {"height": 2**31},
        {"width": 20000, "step": 60000, "height": 20000},
    ],
)
def test_impossible_images_are_refused(change):
    message = Image(height=4, width=4, step=12, encoding="rgb8", data=bytes(48))
    assert images.to_rgb(message).shape == (4, 4, 3)
    for name, value in change.items():
        setattr(message, name, value)
    assert code_of(images.to_rgb, message) == ErrorCode.INVALID_IMAGE


@pytest.mark.parametrize("encoding", ["yuv422", "bayer_rggb8"])
def test_half_a_pixel_pair_is_refused(encoding):
    message = Image(height=3, width=3, step=6, encoding=encoding, data=bytes(18))
    assert code_of(images.to_rgb, message) == ErrorCode.INVALID_IMAGE
    assert code_of(images.from_rgb, np.zeros((3, 3, 3), np.uint8), None, encoding) == ErrorCode.INVALID_IMAGE


def test_unknown_encodings_are_named_with_the_known_ones():
    message = Image(height=1, width=1, step=1, encoding="nv12", data=[0])
    with pytest.raises(GenModelsError, match=r"'nv12'.*rgb8.*bayer_grbg8") as raised:
        images.to_rgb(message)
    assert raised.value.code == ErrorCode.UNKNOWN_ENCODING
    assert code_of(images.compress, smooth_image(), None, "tiff") == ErrorCode.UNKNOWN_ENCODING


def test_png_is_exact_and_jpeg_close():
    rgb = smooth_image()
    assert np.array_equal(images.to_rgb(images.compress(rgb, image_format="png")), rgb)
    assert np.abs(images.to_rgb(images.compress(rgb)).astype(int) - rgb).mean() < 3


def test_png_labels_keep_sixteen_bits():
    labels = np.arange(300, dtype=np.uint16).reshape(15, 20) * 200
    message = CompressedImage(format="png", data=cv2.imencode(".png", labels)[1].tobytes())
    assert np.array_equal(images.to_labels(message), labels)
    assert code_of(images.to_labels, images.compress(smooth_image(), image_format="png")) == ErrorCode.UNKNOWN_ENCODING


@pytest.mark.parametrize("image_format", ["jpeg", "png"])
@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 0.97))
def test_truncated_compressed_images_are_refused(image_format, share):
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    message = images.compress(rgb, image_format=image_format)
    message.data = message.data[: int(len(message.data) * share)]
    assert code_of(images.to_rgb, message) in (ErrorCode.INVALID_IMAGE, ErrorCode.UNKNOWN_ENCODING)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=64), start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_arbitrary_bytes_raise_only_the_suites_own_error(data, start):
    assert code_of(images.to_rgb, CompressedImage(format="jpeg", data=start + data)) in (
        ErrorCode.INVALID_IMAGE,
        ErrorCode.UNKNOWN_ENCODING,
    )


def test_a_small_file_cannot_ask_for_gigabytes():
    data = bytearray(cv2.imencode(".png", np.zeros((2, 2, 3), np.uint8))[1].tobytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    assert code_of(images.to_rgb, CompressedImage(format="png", data=bytes(data))) == ErrorCode.INVALID_IMAGE


def test_result_does_not_share_memory_with_the_message():
    message = images.from_rgb(smooth_image())
    rgb = images.to_rgb(message)
    rgb[:] = 0
    assert images.to_rgb(message).max() > 0


def test_a_vga_image_is_built_and_read_within_camera_rate():
    rgb = np.zeros((480, 640, 3), np.uint8)
    start = time.thread_time()  # of this thread's work, whatever else the machine does
    for _ in range(5):
        images.to_rgb(images.from_rgb(rgb, encoding="bgr8"))
    assert (time.thread_time() - start) / 5 < 0.05  # pixel-by-pixel assignment takes over 0.1 s
