"""JPEG and PNG data → arrays, with nothing believed before it is checked.

The header is read first, so that a small file cannot ask for gigabytes, and the end mark is looked for: before version
5, cv2 fills what a truncated file lacks with grey.
"""

import struct

import cv2
import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

FORMATS = ("jpeg", "png")
MAX_SIDE = 16384  # pixels
MAX_PIXELS = 32_000_000
_END = {"jpeg": b"\xff\xd9", "png": b"IEND"}


def invalid(message: str) -> GenModelsError:
    return GenModelsError(ErrorCode.INVALID_IMAGE, message)


def check_size(height: int, width: int) -> None:
    """Raises GenModelsError(INVALID_IMAGE) for an image without pixels or with too many."""
    if height < 1 or width < 1:
        raise invalid(f"The image is {width}x{height} pixels: it needs at least one.")
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise invalid(
            f"The image is {width}x{height} pixels; at most {MAX_SIDE} a side and {MAX_PIXELS} in all are accepted."
        )


def decode(data: bytes, *, as_labels: bool = False, upright: bool = False) -> np.ndarray:
    """uint8 [H, W, 3] RGB; or, `as_labels`, the values of a one-channel PNG, uint8 or uint16 [H, W].

    Grey becomes RGB, transparency goes, of 16 bits the upper 8 stay. A camera's orientation tag is ignored unless
    `upright`. Raises GenModelsError: UNKNOWN_ENCODING for other formats, INVALID_IMAGE for damaged, truncated or
    oversized data.
    """
    image_format, (height, width) = _header(data)
    if image_format is None or (as_labels and image_format != "png"):
        wanted = "a PNG with one channel" if as_labels else "JPEG or PNG"
        raise GenModelsError(ErrorCode.UNKNOWN_ENCODING, f"Unknown image format: {wanted} is supported.")
    check_size(height, width)
    if data.rfind(_END[image_format]) < len(data) // 2:
        raise invalid(f"The {image_format} data is truncated after {len(data)} bytes.")
    colour = cv2.IMREAD_COLOR_RGB if upright else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    flags = cv2.IMREAD_UNCHANGED if as_labels else colour
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise invalid(f"The {image_format} data cannot be decoded: {error.err}.") from error
    if image is None:
        raise invalid(f"The {image_format} data cannot be decoded: it is damaged.")
    if as_labels and image.ndim != 2:
        raise GenModelsError(
            ErrorCode.UNKNOWN_ENCODING, f"Labels need a PNG with one channel; this one has {image.shape[2]}."
        )
    return image


def declared_size(data: bytes) -> tuple[int, int]:
    """(height, width) that the header claims, nothing decoded; (0, 0) for what is neither JPEG nor PNG.

    Raises GenModelsError(INVALID_IMAGE) for no or damaged data.
    """
    return _header(data)[1]


def encode_png(image: np.ndarray) -> bytes:
    """PNG of uint8 [H, W, 3] RGB, or of labels uint8 or uint16 [H, W]; fast rather than small."""
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def encode_labels(labels: np.ndarray) -> bytes:
    """PNG of labels [H, W] of any whole type whose values fit 16 bits; raises GenModelsError(LABEL_MISMATCH)."""
    if labels.dtype not in (np.uint8, np.uint16):
        if labels.size and (labels.min() < 0 or labels.max() > np.iinfo(np.uint16).max):
            raise GenModelsError(
                ErrorCode.LABEL_MISMATCH,
                f"Labels from {labels.min()} to {labels.max()} do not fit a PNG of 16 bits: write a bag (32SC1).",
            )
        labels = labels.astype(np.uint16)
    return encode_png(labels)


def _header(data: bytes) -> tuple[str | None, tuple[int, int]]:
    """(jpeg | png | None, (height, width)), from the data and not from any name it goes by."""
    if not data:
        raise invalid("The image holds no data.")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        if len(data) < 24:
            raise invalid(f"The png data is truncated after {len(data)} bytes.")
        width, height = struct.unpack(">II", data[16:24])
        return "png", (height, width)
    if data.startswith(b"\xff\xd8"):
        return "jpeg", _jpeg_size(data)
    return None, (0, 0)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """(height, width) from the first start-of-frame segment (ITU-T T.81, B.2.2)."""
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return struct.unpack(">HH", data[position + 5 : position + 9])
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        position += 2 + struct.unpack(">H", data[position + 2 : position + 4])[0]
    raise invalid("The jpeg data is damaged: it has no frame header.")
