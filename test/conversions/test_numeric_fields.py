"""The numbers that paths pick from any message: by place, by name, in parts; what cannot be is refused and why."""

import math

import numpy as np
import pytest
from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import Imu, JointState, LaserScan
from std_msgs.msg import Bool, Float64MultiArray, String

from genmodels_ros.conversions.numeric_fields import NumericFields, message_type
from genmodels_ros.errors import ErrorCode, GenModelsError


def joints(names="ab", **fields):
    return JointState(name=list(names), **fields)


def refusal(call) -> tuple[ErrorCode, str]:
    with pytest.raises(GenModelsError) as caught:
        call()
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("kind", "paths", "labels"),
    [
        (Imu, ["angular_velocity.z", "linear_acceleration"], ["angular_velocity.z", *"xyz"]),
        (Odometry, ["twist.twist.linear.x", "pose.covariance[0]"], ["twist.twist.linear.x", "pose.covariance[0]"]),
        (Bool, [], ["data"]),
    ],
)
def test_numbers_and_parts(kind, paths, labels):
    fields = NumericFields(kind, paths)
    assert fields.labels is None
    row = fields.read(kind())
    assert row.dtype == float and len(row) == len(labels)
    assert all(full.endswith(label) for full, label in zip(fields.labels, labels, strict=True))


def test_joints_are_told_by_name_wherever_they_stand():
    fields = NumericFields(JointState, ["position", "velocity[b]"])
    assert fields.read(joints("ab", position=[1.0, 2.0], velocity=[3.0, 4.0])).tolist() == [1, 2, 4]
    assert fields.labels == ("position[a]", "position[b]", "velocity[b]")
    assert fields.read(joints("cba", position=[9.0, 2.0, 1.0], velocity=[8.0, 4.0, 3.0])).tolist() == [1, 2, 4]
    assert fields.read(joints("xy", position=[0.0, 0.0])) is None, "of other joints"
    code, message = refusal(lambda: fields.read(joints("a", position=[1.0], velocity=[3.0])))
    assert code == ErrorCode.WRONG_LENGTH and "b" in message
    assert fields.read(joints("ab", position=[1.0, 2.0], velocity=[3.0, 4.0])) is not None


def test_labels_are_paths_that_pick_the_same():
    message = joints("ab", position=[1.0, 2.0], effort=[5.0, 6.0])
    first = NumericFields(JointState, ["effort", "position[a]"])
    row = first.read(message)
    again = NumericFields(JointState, list(first.labels))
    assert np.array_equal(again.read(message), row) and again.labels == first.labels


def test_slices_and_infinity():
    scan = LaserScan(ranges=[1.0, 2.0, math.inf, 4.0, math.nan, -math.inf])
    fields = NumericFields(LaserScan, ["ranges[::2]", "ranges[-1]"], infinity=12.0)
    assert fields.read(scan) == pytest.approx([1.0, 12.0, math.nan, -12.0], nan_ok=True)
    assert fields.labels == ("ranges[0]", "ranges[2]", "ranges[4]", "ranges[5]")
    assert NumericFields(LaserScan, ["ranges[2]"]).read(scan)[0] == math.inf


@pytest.mark.parametrize(
    ("kind", "path", "says"),
    [
        (JointState, "posiition", "it has: header, name"),
        (JointState, "name", "string"),
        (JointState, "position.x", "number"),
        (JointState, "header.frame_id", "string"),
        (JointState, "header.stamp.sec[1]", "no array"),
        (JointState, "__class__", "no field"),
        (JointState, "position[0", "no field"),
        (JointState, "position..x", "number"),
        (JointState, ".", "no field"),
        (LaserScan, "ranges[a:b]", "slice"),
        (Path, "poses.pose", "pick one"),
        (String, "", "no numbers"),
    ],
)
def test_paths_that_are_none_are_refused(kind, path, says):
    code, message = refusal(lambda: NumericFields(kind, [path]))
    assert code == ErrorCode.INVALID_CONFIG and says in message


@pytest.mark.parametrize(
    "name", ["nonsense", "sensor_msgs/msg/Nothing", "no_such_msgs/msg/Thing", "os/path", "a b/c", ""]
)
def test_types_that_are_none_are_refused(name):
    code, _ = refusal(lambda: message_type(name))
    assert code == ErrorCode.INVALID_CONFIG
    assert message_type("sensor_msgs/msg/JointState") is message_type("sensor_msgs/JointState") is JointState


@pytest.mark.parametrize(
    ("kind", "paths", "message", "says"),
    [
        (JointState, ["effort"], joints("a", position=[1.0]), "empty"),
        (JointState, ["effort[2]"], joints("a", effort=[1.0]), "none at 2"),
        (Path, ["poses[0].pose.position.x"], Path(), "not there"),
        (Float64MultiArray, ["data"], Float64MultiArray(data=[0.0] * 600), "1 to 512"),
    ],
)
def test_messages_without_what_was_asked_for_are_refused_and_the_next_is_taken(kind, paths, message, says):
    fields = NumericFields(kind, paths)
    code, text = refusal(lambda: fields.read(message))
    assert code == ErrorCode.WRONG_LENGTH and says in text


def test_an_array_that_grows_or_shrinks():
    fields = NumericFields(Float64MultiArray, ["data"])
    assert fields.read(Float64MultiArray(data=[1.0, 2.0])).tolist() == [1, 2]
    assert fields.read(Float64MultiArray(data=[1.0, 2.0, 3.0])).tolist() == [1, 2], "those of the first"
    code, _ = refusal(lambda: fields.read(Float64MultiArray(data=[1.0])))
    assert code == ErrorCode.WRONG_LENGTH
