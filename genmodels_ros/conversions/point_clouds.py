"""PointCloud2 ↔ points. Nothing about a message is believed before it is checked: fields, steps and length."""

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from genmodels_ros.conversions.images import byte_array
from genmodels_ros.errors import ErrorCode, GenModelsError

FLOATS = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8"}


def to_points(message: PointCloud2) -> np.ndarray:
    """Points [M, 3] m in the frame of the header, float32, NaN and infinite ones included; M may be 0.

    Other fields (colour, intensity) are left aside. Raises GenModelsError(INVALID_POINT_CLOUD) where x, y or z is
    missing, no float, or does not fit into a point, where points do not fit into a row, or where data is truncated.
    """
    layout = _layout(message)
    width, height, row = message.width, message.height, message.width * message.point_step
    if width == 0 or height == 0:
        return np.empty((0, 3), dtype=np.float32)
    if height > 1 and message.row_step < row:
        raise _invalid(f"row_step is {message.row_step} bytes, but {width} points of {message.point_step} need {row}.")
    step = message.row_step if height > 1 else row
    if len(message.data) < (height - 1) * step + row:
        raise _invalid(f"The data is truncated: {len(message.data)} of {(height - 1) * step + row} bytes.")
    points = np.ndarray((height, width), layout, buffer=memoryview(message.data), strides=(step, layout.itemsize))
    with np.errstate(over="ignore"):  # doubles beyond float32 become infinite, and are left aside as such
        columns = np.stack([points[axis].astype(np.float32).ravel() for axis in "xyz"])
    return columns.T


def from_points(points: np.ndarray, header: Header) -> PointCloud2:
    """The message of points [M, 3] m, one row, little-endian float32."""
    fields = [
        PointField(name=axis, offset=4 * place, datatype=PointField.FLOAT32, count=1)
        for place, axis in enumerate("xyz")
    ]
    message = PointCloud2(header=header, height=1, width=len(points), fields=fields, point_step=12)
    message.row_step, message.is_dense = 12 * len(points), bool(np.isfinite(points).all())
    message.data = byte_array(np.asarray(points).astype("<f4"))
    return message


def _layout(message: PointCloud2) -> np.dtype:
    """How a point lies in memory."""
    named = {field.name: field for field in reversed(message.fields)}
    order, formats, offsets = ">" if message.is_bigendian else "<", [], []
    for axis in "xyz":
        field = named.get(axis)
        if field is None or field.datatype not in FLOATS or field.count > 1:
            raise _invalid(f"Points need the field {axis!r} as one FLOAT32 or FLOAT64.")
        formats.append(order + FLOATS[field.datatype])
        offsets.append(field.offset)
        if field.offset + np.dtype(formats[-1]).itemsize > message.point_step:
            raise _invalid(f"The field {axis!r} at byte {field.offset} does not fit into {message.point_step} bytes.")
    return np.dtype({"names": list("xyz"), "formats": formats, "offsets": offsets, "itemsize": message.point_step})


def _invalid(sentence: str) -> GenModelsError:
    return GenModelsError(ErrorCode.INVALID_POINT_CLOUD, f"The point cloud cannot be read: {sentence}")
