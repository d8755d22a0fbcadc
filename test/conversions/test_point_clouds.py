"""Point clouds: every layout that drivers send is read, every malformed one is refused."""

import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from genmodels_ros.conversions.point_clouds import from_points, to_points
from genmodels_ros.errors import ErrorCode, GenModelsError

POINTS = np.array([[1.0, 2.0, 3.0], [-4.5, np.nan, 6.0], [0.0, np.inf, -1e-3]], dtype=np.float32)


def test_there_and_back():
    message = from_points(POINTS, Header(frame_id="camera"))
    assert message.header.frame_id == "camera" and not message.is_dense
    np.testing.assert_array_equal(to_points(message), POINTS)
    assert to_points(from_points(np.empty((0, 3)), Header())).shape == (0, 3)


def organised(points, order="<", kind="f", offsets=(4, 20, 12), point_step=32, padding=5, height=1) -> PointCloud2:
    """The points in `height` rows, in an awkward layout, with rubbish between."""
    size, datatype = (4, PointField.FLOAT32) if kind == "f" else (8, PointField.FLOAT64)
    width = len(points) // height
    row_step = width * point_step + padding
    data = bytearray(b"\xab" * (row_step * height))
    for index, point in enumerate(points):
        at = index // width * row_step + index % width * point_step
        for value, offset in zip(point, offsets, strict=True):
            data[at + offset : at + offset + size] = struct.pack(order + kind, value)
    fields = [PointField(name="rgb", offset=0, datatype=PointField.UINT32, count=1)]
    fields += [PointField(name=n, offset=o, datatype=datatype, count=1) for n, o in zip("xyz", offsets, strict=True)]
    return PointCloud2(
        height=height,
        width=width,
        fields=fields,
        is_bigendian=order == ">",
        point_step=point_step,
        row_step=row_step,
        data=bytes(data),
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f", "d"])
@pytest.mark.parametrize("height", [1, 3])
def test_any_order_of_fields_bytes_and_rows(order, kind, height):
    np.testing.assert_array_equal(to_points(organised(POINTS, order, kind, height=height)), POINTS)


def changed(**fields) -> PointCloud2:
    message = organised(POINTS, height=3)
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def fields_with(**changes) -> list[PointField]:
    fields = organised(POINTS).fields
    for name, value in changes.items():
        setattr(fields[2], name, value)
    return fields


WRONG = {
    "no fields": changed(fields=[]),
    "no y": changed(fields=fields_with(name="why")),
    "y as integer": changed(fields=fields_with(datatype=PointField.INT32)),
    "y of unknown type": changed(fields=fields_with(datatype=99)),
    "several y": changed(fields=fields_with(count=3)),
    "y beyond the point": changed(fields=fields_with(offset=29)),
    "y far beyond the point": changed(fields=fields_with(offset=2**32 - 1)),
    "point_step of zero": changed(point_step=0),
    "point_step too small": changed(point_step=12),
    "row_step too small": changed(row_step=31),
    "row_step of zero": changed(row_step=0),
    "truncated": changed(data=organised(POINTS, height=3).data[:-6]),
    "no data": changed(data=b""),
    "absurdly wide": changed(width=2**32 - 1, row_step=2**32 - 1),
    "absurdly high": changed(height=2**32 - 1),
}


@pytest.mark.parametrize("message", WRONG.values(), ids=WRONG)
def test_a_malformed_cloud_is_refused(message):
    with pytest.raises(GenModelsError) as error:
        to_points(message)
    assert error.value.code == ErrorCode.INVALID_POINT_CLOUD and error.value.message.endswith(".")


@given(
    st.builds(
        changed,
        height=st.integers(0, 5),
        width=st.integers(0, 5),
        point_step=st.integers(0, 40),
        row_step=st.integers(0, 200),
        data=st.binary(max_size=300),
    )
)
@settings(deadline=None, max_examples=200)
def test_rubbish_is_read_within_its_bounds_or_refused(message):
    try:
        points = to_points(message)
    except GenModelsError as error:
        assert error.code == ErrorCode.INVALID_POINT_CLOUD
    else:
        assert points.shape == (message.width * message.height, 3)


def test_doubles_beyond_single_precision_become_infinite():
    points = np.array([[1e300, 0.0, -1e300]])
    np.testing.assert_array_equal(to_points(organised(points, kind="d")), [[np.inf, 0, -np.inf]])


def test_a_vga_cloud_is_read_within_camera_rate():
    message = from_points(np.random.default_rng(0).normal(size=(640 * 480, 3)), Header())
    began = time.process_time()
    to_points(message)
    assert time.process_time() - began < 0.03
