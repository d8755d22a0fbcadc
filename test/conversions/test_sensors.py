"""Lidar, odometry and commands there and back."""

import numpy as np
import pytest
from geometry_msgs.msg import TwistStamped
from hypothesis import given
from hypothesis import strategies as st
from nav_msgs.msg import Odometry
from std_msgs.msg import Header

from genmodels_ros.conversions.observations import to_observation
from genmodels_ros.conversions.sensors import from_odometry, from_twist, to_imu, to_laser_scan, to_odometry, to_twist
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError

SPEED, METRES = st.floats(-3, 3), st.floats(-100, 100)
FAN = {"angle_min": -1.5, "angle_increment": 0.01, "range_min": 0.1, "range_max": 10.0}


@given(METRES, METRES, SPEED, SPEED, SPEED)
def test_odometry_there_and_back(x, y, yaw, forward, turning):
    pose, twist = from_odometry(to_odometry((x, y, yaw), (forward, turning), Header(frame_id="odom")))
    np.testing.assert_allclose(pose, (x, y, yaw), atol=1e-9)
    assert twist.tolist() == [forward, turning]


@given(SPEED, SPEED)
def test_commands_with_and_without_a_stamp(forward, turning):
    twist = to_twist((forward, turning))
    assert from_twist(twist).tolist() == from_twist(TwistStamped(twist=twist)).tolist() == [forward, turning]


@pytest.mark.parametrize("velocity", [(np.nan, 0.0), (0.0, np.inf)])
def test_commands_that_are_no_numbers(velocity):
    with pytest.raises(GenModelsError) as error:
        from_twist(to_twist(velocity))
    assert error.value.code == ErrorCode.NOT_FINITE


def test_a_scan_says_where_its_last_beam_is():
    scan = to_laser_scan(np.ones(301), Header(), **FAN)
    assert scan.angle_max == pytest.approx(1.5, abs=1e-6)


def test_a_scan_and_odometry_make_an_observation():
    ranges = np.linspace(1, 5, 301)
    scan = to_laser_scan(ranges, header("base_scan", 12.5), **FAN)
    odometry = to_odometry((1, 2, 0.5), (0.3, 0.1), header("odom", 12.5))
    observation = to_observation(scan, odometry, np.array([0.4, 0.0]), laser=(0.0, 0.0, 0.25))
    np.testing.assert_allclose(observation.ranges, ranges, rtol=1e-6)
    assert observation.stamp == 12.5 and observation.angle_min == pytest.approx(-1.25)
    np.testing.assert_allclose(observation.pose, (1, 2, 0.5))
    assert observation.twist.tolist() == [0.3, 0.1] and observation.command.tolist() == [0.4, 0.0]


@pytest.mark.parametrize("gap", [-0.15, 0.1])
def test_odometry_of_another_moment_is_carried_on_by_its_twist(gap):
    turn, radius = 0.8, 0.5  # a circle around (1, 2)
    place = lambda t: (1 + radius * np.sin(turn * t), 2 - radius * np.cos(turn * t), turn * t)  # noqa: E731
    odometry = to_odometry(place(3.0), (turn * radius, turn), header("odom", 50.0))
    scan = to_laser_scan(np.ones(301), header("base_scan", 50.0 + gap), **FAN)
    np.testing.assert_allclose(to_observation(scan, odometry).pose, place(3.0 + gap), atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ranges": []}, ErrorCode.WRONG_LENGTH),
        ({"ranges": [float("nan")] * 10}, ErrorCode.NOT_FINITE),
        ({"angle_increment": 0.0}, ErrorCode.NOT_FINITE),
        ({"range_max": 0.05}, ErrorCode.NOT_FINITE),
    ],
)
def test_scans_that_cannot_be_used(fields, code):
    scan = to_laser_scan(np.ones(10), Header(), **FAN)
    for name, value in fields.items():
        setattr(scan, name, value)
    with pytest.raises(GenModelsError) as error:
        to_observation(scan, Odometry())
    assert error.value.code == code


def test_an_imu_without_orientation_says_so():
    message = to_imu((1.0, 2.0, 9.8), (0.1, 0.2, 0.3), (0.5, 0.25), Header(frame_id="imu_link"))
    assert (message.linear_acceleration.z, message.angular_velocity.x) == (9.8, 0.1)
    assert message.orientation_covariance[0] == -1.0
    assert message.linear_acceleration_covariance[[0, 4, 8]].tolist() == [0.25] * 3
    assert message.angular_velocity_covariance[4] == 0.0625 and message.angular_velocity_covariance[1] == 0
