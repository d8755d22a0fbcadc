"""Pixels as sensor_msgs/Image lays them out → arrays, of live messages and of those in a bag alike.

A message is whatever has height, width, encoding, is_bigendian, step and data. Encodings are those of
sensor_msgs/image_encodings. Rows may be padded (`step` larger than the pixels need) and values of more than one byte
may be big-endian. Sizes, step and length are checked before anything is believed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from genmodels_ros.data.image_codec import check_size, invalid
from genmodels_ros.errors import ErrorCode, GenModelsError


@dataclass(frozen=True)
class Encoding:
    """How a pixel lies in memory, `channels` bytes each, and cv2's codes to and from RGB (None: no conversion)."""

    channels: int
    to_rgb: int | None = None
    from_rgb: int | None = None
    block: tuple[int, int] = (1, 1)  # rows and columns must be multiples of it


_YUV_PAIR, _BAYER_CELL = (1, 2), (2, 2)
ENCODINGS = {
    "rgb8": Encoding(3),
    "bgr8": Encoding(3, cv2.COLOR_BGR2RGB, cv2.COLOR_RGB2BGR),
    "rgba8": Encoding(4, cv2.COLOR_RGBA2RGB, cv2.COLOR_RGB2RGBA),
    "bgra8": Encoding(4, cv2.COLOR_BGRA2RGB, cv2.COLOR_RGB2BGRA),
    "mono8": Encoding(1, cv2.COLOR_GRAY2RGB, cv2.COLOR_RGB2GRAY),
    "yuv422": Encoding(2, cv2.COLOR_YUV2RGB_UYVY, cv2.COLOR_RGB2YUV_UYVY, _YUV_PAIR),
    "yuv422_yuy2": Encoding(2, cv2.COLOR_YUV2RGB_YUY2, cv2.COLOR_RGB2YUV_YUY2, _YUV_PAIR),
    "bayer_rggb8": Encoding(1, cv2.COLOR_BayerRGGB2RGB, None, _BAYER_CELL),
    "bayer_bggr8": Encoding(1, cv2.COLOR_BayerBGGR2RGB, None, _BAYER_CELL),
    "bayer_gbrg8": Encoding(1, cv2.COLOR_BayerGBRG2RGB, None, _BAYER_CELL),
    "bayer_grbg8": Encoding(1, cv2.COLOR_BayerGRBG2RGB, None, _BAYER_CELL),
}
ALIASES = {"uyvy": "yuv422", "yuyv": "yuv422_yuy2"}  # the later names of the same two layouts
LABEL_TYPES = {"mono8": np.uint8, "8UC1": np.uint8, "mono16": np.uint16, "16UC1": np.uint16, "32SC1": np.int32}
LABEL_ENCODINGS = {"uint8": "mono8", "bool": "mono8", "uint16": "mono16", "int32": "32SC1"}  # of what is written


def unknown(encoding: str, known: Iterable[str]) -> GenModelsError:
    message = f"Unknown image encoding {encoding!r}; supported: {', '.join(known)}."
    return GenModelsError(ErrorCode.UNKNOWN_ENCODING, message)


def layout(name: str, height: int, width: int) -> tuple[str, Encoding]:
    """An encoding's first name and layout. Raises GenModelsError: UNKNOWN_ENCODING; INVALID_IMAGE for an odd size where
    pixels come in pairs (4:2:2) or cells (Bayer).
    """
    name = ALIASES.get(name, name)
    if name not in ENCODINGS:
        raise unknown(name, [*ENCODINGS, *ALIASES])
    rows, columns = ENCODINGS[name].block
    if height % rows or width % columns:
        raise invalid(f"{name} needs width and height in multiples of {columns}x{rows}, got {width}x{height}.")
    return name, ENCODINGS[name]


def pixel_rows(message, pixel_bytes: int) -> np.ndarray:
    """The message's bytes [H, W * pixel_bytes] without padding, as a view of them. Raises GenModelsError(INVALID_IMAGE)
    for zero or absurd sizes, a step too small for a row, or truncated data.
    """
    check_size(message.height, message.width)
    row_bytes = message.width * pixel_bytes
    if message.step < row_bytes:
        raise invalid(
            f"step is {message.step} bytes, but {message.width} pixels of {message.encoding} need {row_bytes}."
        )
    if len(message.data) < message.height * message.step:
        raise invalid(f"The image data is truncated: {len(message.data)} of {message.height * message.step} bytes.")
    data = np.frombuffer(message.data, np.uint8, count=message.height * message.step)
    return data.reshape(message.height, message.step)[:, :row_bytes]


def pixel_values(message, dtype) -> np.ndarray:
    """[H, W] of an image of one number a pixel, of this machine's byte order; raises as `pixel_rows`."""
    dtype = np.dtype(dtype)
    rows = np.ascontiguousarray(pixel_rows(message, dtype.itemsize))
    return rows.view(dtype.newbyteorder(">" if message.is_bigendian else "<")).astype(dtype)


def to_rgb(message) -> np.ndarray:
    """uint8 [H, W, 3] RGB, its own memory, from any of ENCODINGS; raises as `layout` and `pixel_rows`."""
    name, encoding = layout(message.encoding, message.height, message.width)
    pixels = pixel_rows(message, encoding.channels).reshape(message.height, message.width, encoding.channels)
    if encoding.to_rgb is None:
        return pixels.copy()
    if name.startswith("bayer_") and min(message.height, message.width) < 4:
        # cv2 answers black for images too small for its kernel; repeated by two, the colour cells stay in step
        wide = cv2.copyMakeBorder(pixels.copy(), 2, 2, 2, 2, cv2.BORDER_WRAP)
        return cv2.cvtColor(wide, encoding.to_rgb)[2:-2, 2:-2].copy()
    return cv2.cvtColor(np.ascontiguousarray(pixels), encoding.to_rgb)


def to_labels(message) -> np.ndarray:
    """Labels [H, W] as uint8, uint16 or int32, values untouched; from LABEL_TYPES, or rgb8 whose three channels are
    equal, as Gazebo's segmentation camera sends them. Raises GenModelsError(UNKNOWN_ENCODING), and as `pixel_rows`.
    """
    if message.encoding == "rgb8":
        pixels = pixel_rows(message, 3).reshape(message.height, message.width, 3)
        if (pixels != pixels[..., :1]).any():
            raise unknown("rgb8 with colours", [*LABEL_TYPES, "rgb8 of three equal channels"])
        return np.ascontiguousarray(pixels[..., 0])
    if message.encoding not in LABEL_TYPES:
        raise unknown(message.encoding, [*LABEL_TYPES, "rgb8 of three equal channels"])
    return pixel_values(message, LABEL_TYPES[message.encoding])
