"""Camera images and label images ↔ arrays, over cv2: what cv_bridge does, without needing it.

How pixels lie in a message is told in data/raw_images.py. Nothing about a message is believed before it is checked:
sizes, step and length there, and for compressed images what data/image_codec.py checks.
"""

import array

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from genmodels_ros.data import raw_images
from genmodels_ros.data.image_codec import FORMATS, check_size, declared_size, decode, invalid
from genmodels_ros.data.raw_images import LABEL_ENCODINGS
from genmodels_ros.errors import ErrorCode, GenModelsError

_BAYER_CHANNEL = {"r": 0, "g": 1, "b": 2}


def to_rgb(msg: Image | CompressedImage) -> np.ndarray:
    """uint8 [H, W, 3] RGB, its own memory, from an Image of any of ENCODINGS or a CompressedImage (JPEG, PNG).

    Raises GenModelsError: UNKNOWN_ENCODING naming what is supported; INVALID_IMAGE for zero or absurd sizes, a step too
    small for a row, truncated data, or an odd size where pixels come in pairs (4:2:2) or cells (Bayer).
    """
    return _decode(msg) if isinstance(msg, CompressedImage) else raw_images.to_rgb(msg)


def declared_pixels(msg: Image | CompressedImage) -> int:
    """How many pixels a message says it has, before anything is decoded; 0 for an unknown compressed format.

    Raises GenModelsError(INVALID_IMAGE) for a size that is absurd whatever comes with it.
    """
    height, width = declared_size(bytes(msg.data)) if isinstance(msg, CompressedImage) else (msg.height, msg.width)
    if height and width:
        check_size(height, width)
    return height * width


def from_rgb(rgb: np.ndarray, header: Header | None = None, encoding: str = "rgb8") -> Image:
    """An Image of `encoding` (one of ENCODINGS) from uint8 [H, W, 3] RGB.

    Raises GenModelsError: UNKNOWN_ENCODING, or INVALID_IMAGE for an array of another shape or type or a size that the
    encoding cannot hold.
    """
    rgb = _checked_rgb(rgb)
    name, layout = raw_images.layout(encoding, *rgb.shape[:2])
    if name.startswith("bayer_"):
        pixels = _mosaic(rgb, name[len("bayer_") : -1])
    else:
        pixels = rgb if layout.from_rgb is None else cv2.cvtColor(rgb, layout.from_rgb)
    return _image(pixels, layout.channels, header, encoding)


def to_labels(msg: Image | CompressedImage, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Labels [H, W] as uint8, uint16 or int32, values untouched; of an Image as `raw_images.to_labels` reads it, or a
    one-channel PNG.

    `shape` (H, W) is the size of the image that the labels belong to. Raises GenModelsError: LABEL_MISMATCH if the size
    differs, UNKNOWN_ENCODING, INVALID_IMAGE as `to_rgb`.
    """
    labels = _decode(msg, as_labels=True) if isinstance(msg, CompressedImage) else raw_images.to_labels(msg)
    if shape is not None and labels.shape != tuple(shape):
        raise GenModelsError(
            ErrorCode.LABEL_MISMATCH,
            f"The label image is {labels.shape[1]}x{labels.shape[0]}, its image {shape[1]}x{shape[0]}: "
            "send labels of the image's size.",
        )
    return labels


def from_labels(labels: np.ndarray, header: Header | None = None) -> Image:
    """An Image of mono8 (uint8, bool), mono16 (uint16) or 32SC1 (int32) from labels [H, W].

    Raises GenModelsError(INVALID_IMAGE) for another shape or type.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.name not in LABEL_ENCODINGS:
        raise invalid(f"Labels must be [H, W] uint8, uint16 or int32, got {labels.dtype} {list(labels.shape)}.")
    check_size(*labels.shape)
    little_endian = labels.astype(labels.dtype.newbyteorder("<"), copy=False)
    return _image(little_endian, labels.dtype.itemsize, header, LABEL_ENCODINGS[labels.dtype.name])


def compress(rgb: np.ndarray, header: Header | None = None, image_format: str = "jpeg", quality: int = 90):
    """A CompressedImage (jpeg of `quality` 1 to 100, or png) from uint8 [H, W, 3] RGB; raises as `from_rgb`."""
    if image_format not in FORMATS:
        raise raw_images.unknown(image_format, FORMATS)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if image_format == "jpeg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    _, data = cv2.imencode(f".{image_format}", cv2.cvtColor(_checked_rgb(rgb), cv2.COLOR_RGB2BGR), options)
    message = CompressedImage(format=f"rgb8; {image_format} compressed bgr8")
    message.header = header or Header()
    message.data = byte_array(data)
    return message


def _checked_rgb(rgb: np.ndarray) -> np.ndarray:
    rgb = np.asarray(rgb)
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise invalid(f"An image must be [H, W, 3] uint8, got {rgb.dtype} {list(rgb.shape)}.")
    check_size(*rgb.shape[:2])
    return np.ascontiguousarray(rgb)


def _mosaic(rgb: np.ndarray, pattern: str) -> np.ndarray:
    """What a sensor behind the 2x2 colour filter `pattern` (row by row, e.g. rggb) sees of the image."""
    raw = np.empty(rgb.shape[:2], np.uint8)
    for cell, colour in enumerate(pattern):
        row, column = divmod(cell, 2)
        raw[row::2, column::2] = rgb[row::2, column::2, _BAYER_CHANNEL[colour]]
    return raw


def byte_array(values: np.ndarray) -> array.array:
    """What rclpy takes as it is; any other sequence it checks value by value."""
    data = array.array("B")
    if values.size:
        data.frombytes(memoryview(np.ascontiguousarray(values).view(np.uint8)).cast("B"))
    return data


def _image(pixels: np.ndarray, pixel_bytes: int, header: Header | None, encoding: str) -> Image:
    height, width = pixels.shape[:2]
    message = Image(height=height, width=width, encoding=encoding, is_bigendian=0, step=width * pixel_bytes)
    message.header = header or Header()
    message.data = byte_array(pixels)
    return message


def _decode(msg: CompressedImage, *, as_labels: bool = False) -> np.ndarray:
    try:
        return decode(bytes(msg.data), as_labels=as_labels)
    except GenModelsError as error:
        raise GenModelsError(error.code, f"{error.message} The message's format is {msg.format!r}.") from error
