"""Camera images and label images ↔ arrays, over cv2: what cv_bridge does, without needing it.

Encodings are those of sensor_msgs/image_encodings. Rows may be padded (`step` larger than the pixels need) and values
of more than one byte may be big-endian. Nothing about a message is believed before it is checked: sizes, step and
length first, and for compressed images what data/image_codec.py checks.
"""

import array
from dataclasses import dataclass

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from genmodels_ros.data.image_codec import FORMATS, check_size, declared_size, decode
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
LABEL_ENCODINGS = {"mono8": np.uint8, "8UC1": np.uint8, "mono16": np.uint16, "16UC1": np.uint16, "32SC1": np.int32}
_LABEL_ENCODING_OF = {"uint8": "mono8", "bool": "mono8", "uint16": "mono16", "int32": "32SC1"}
_BAYER_CHANNEL = {"r": 0, "g": 1, "b": 2}


def _invalid(message: str) -> GenModelsError:
    return GenModelsError(ErrorCode.INVALID_IMAGE, message)


def _unknown(encoding: str, known) -> GenModelsError:
    return GenModelsError(
        ErrorCode.UNKNOWN_ENCODING, f"Unknown image encoding {encoding!r}; supported: {', '.join(known)}."
    )


def _encoding(name: str) -> tuple[str, Encoding]:
    name = ALIASES.get(name, name)
    if name not in ENCODINGS:
        raise _unknown(name, [*ENCODINGS, *ALIASES])
    return name, ENCODINGS[name]


def _check_block(name: str, encoding: Encoding, height: int, width: int) -> None:
    rows, columns = encoding.block
    if height % rows or width % columns:
        raise _invalid(f"{name} needs width and height in multiples of {columns}x{rows}, got {width}x{height}.")


def pixel_rows(msg: Image, pixel_bytes: int) -> np.ndarray:
    """The message's bytes [H, W * pixel_bytes] without padding, as a view of them."""
    check_size(msg.height, msg.width)
    row_bytes = msg.width * pixel_bytes
    if msg.step < row_bytes:
        raise _invalid(f"step is {msg.step} bytes, but {msg.width} pixels of {msg.encoding} need {row_bytes}.")
    if len(msg.data) < msg.height * msg.step:
        raise _invalid(f"The image data is truncated: {len(msg.data)} of {msg.height * msg.step} bytes.")
    data = np.frombuffer(msg.data, np.uint8, count=msg.height * msg.step)
    return data.reshape(msg.height, msg.step)[:, :row_bytes]


def to_rgb(msg: Image | CompressedImage) -> np.ndarray:
    """uint8 [H, W, 3] RGB, its own memory, from an Image of any of ENCODINGS or a CompressedImage (JPEG, PNG).

    Raises GenModelsError: UNKNOWN_ENCODING naming what is supported; INVALID_IMAGE for zero or absurd sizes, a step too
    small for a row, truncated data, or an odd size where pixels come in pairs (4:2:2) or cells (Bayer).
    """
    if isinstance(msg, CompressedImage):
        return _decode(msg)
    name, encoding = _encoding(msg.encoding)
    rows = pixel_rows(msg, encoding.channels)
    _check_block(name, encoding, msg.height, msg.width)
    pixels = rows.reshape(msg.height, msg.width, encoding.channels)
    if encoding.to_rgb is None:
        return pixels.copy()
    if name.startswith("bayer_") and min(msg.height, msg.width) < 4:
        # cv2 answers black for images too small for its kernel; repeated by two, the colour cells stay in step
        wide = cv2.copyMakeBorder(pixels.copy(), 2, 2, 2, 2, cv2.BORDER_WRAP)
        return cv2.cvtColor(wide, encoding.to_rgb)[2:-2, 2:-2].copy()
    return cv2.cvtColor(np.ascontiguousarray(pixels), encoding.to_rgb)


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
    name, layout = _encoding(encoding)
    rgb = _checked_rgb(rgb)
    _check_block(name, layout, *rgb.shape[:2])
    if name.startswith("bayer_"):
        pixels = _mosaic(rgb, name[len("bayer_") : -1])
    else:
        pixels = rgb if layout.from_rgb is None else cv2.cvtColor(rgb, layout.from_rgb)
    return _image(pixels, layout.channels, header, encoding)


def to_labels(msg: Image | CompressedImage, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Labels [H, W] as uint8, uint16 or int32, values untouched; from LABEL_ENCODINGS, a one-channel PNG, or rgb8 whose
    three channels are equal, as Gazebo's segmentation camera sends them.

    `shape` (H, W) is the size of the image that the labels belong to. Raises GenModelsError: LABEL_MISMATCH if the size
    differs, UNKNOWN_ENCODING, INVALID_IMAGE as `to_rgb`.
    """
    if isinstance(msg, CompressedImage):
        labels = _decode(msg, as_labels=True)
    elif msg.encoding == "rgb8":
        labels = _grey(to_rgb(msg))
    else:
        if msg.encoding not in LABEL_ENCODINGS:
            raise _unknown(msg.encoding, LABEL_ENCODINGS)
        dtype = np.dtype(LABEL_ENCODINGS[msg.encoding])
        rows = np.ascontiguousarray(pixel_rows(msg, dtype.itemsize))
        labels = rows.view(dtype.newbyteorder(">" if msg.is_bigendian else "<")).astype(dtype)
    if shape is not None and labels.shape != tuple(shape):
        raise GenModelsError(
            ErrorCode.LABEL_MISMATCH,
            f"The label image is {labels.shape[1]}x{labels.shape[0]}, its image {shape[1]}x{shape[0]}: "
            "send labels of the image's size.",
        )
    return labels


def _grey(rgb: np.ndarray) -> np.ndarray:
    if (rgb != rgb[..., :1]).any():
        raise _unknown("rgb8 with colours", LABEL_ENCODINGS)
    return np.ascontiguousarray(rgb[..., 0])


def from_labels(labels: np.ndarray, header: Header | None = None) -> Image:
    """An Image of mono8 (uint8, bool), mono16 (uint16) or 32SC1 (int32) from labels [H, W].

    Raises GenModelsError(INVALID_IMAGE) for another shape or type.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.name not in _LABEL_ENCODING_OF:
        raise _invalid(f"Labels must be [H, W] uint8, uint16 or int32, got {labels.dtype} {list(labels.shape)}.")
    check_size(*labels.shape)
    little_endian = labels.astype(labels.dtype.newbyteorder("<"), copy=False)
    return _image(little_endian, labels.dtype.itemsize, header, _LABEL_ENCODING_OF[labels.dtype.name])


def compress(rgb: np.ndarray, header: Header | None = None, image_format: str = "jpeg", quality: int = 90):
    """A CompressedImage (jpeg of `quality` 1 to 100, or png) from uint8 [H, W, 3] RGB; raises as `from_rgb`."""
    if image_format not in FORMATS:
        raise _unknown(image_format, FORMATS)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if image_format == "jpeg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    _, data = cv2.imencode(f".{image_format}", cv2.cvtColor(_checked_rgb(rgb), cv2.COLOR_RGB2BGR), options)
    message = CompressedImage(format=f"rgb8; {image_format} compressed bgr8")
    message.header = header or Header()
    message.data = byte_array(data)
    return message


def _checked_rgb(rgb: np.ndarray) -> np.ndarray:
    rgb = np.asarray(rgb)
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise _invalid(f"An image must be [H, W, 3] uint8, got {rgb.dtype} {list(rgb.shape)}.")
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
