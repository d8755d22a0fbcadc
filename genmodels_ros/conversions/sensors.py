"""Lidar, odometry and velocity commands ↔ numbers."""

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Imu, LaserScan
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar, to_planar
from genmodels_ros.errors import ErrorCode, GenModelsError


def to_laser_scan(
    ranges: np.ndarray,
    header: Header,
    *,
    angle_min: float,
    angle_increment: float,
    range_min: float,
    range_max: float,
    scan_time: float = 0.0,
) -> LaserScan:
    """The message of ranges [B] m; angles in rad, counter-clockwise; `scan_time` s between scans."""
    return LaserScan(
        header=header,
        angle_min=float(angle_min),
        angle_max=float(angle_min + angle_increment * (len(ranges) - 1)),
        angle_increment=float(angle_increment),
        scan_time=float(scan_time),
        range_min=float(range_min),
        range_max=float(range_max),
        ranges=np.asarray(ranges, dtype=np.float32).tolist(),
    )


def to_imu(acceleration, angular_velocity, deviations: tuple[float, float], header: Header) -> Imu:
    """The message of acceleration [3] m/s² and angular velocity [3] rad/s with their standard deviations, without an
    orientation.
    """
    message = Imu(header=header)
    for vector, values in ((message.linear_acceleration, acceleration), (message.angular_velocity, angular_velocity)):
        vector.x, vector.y, vector.z = (float(value) for value in values)
    message.linear_acceleration_covariance = (np.eye(3).ravel() * deviations[0] ** 2).tolist()
    message.angular_velocity_covariance = (np.eye(3).ravel() * deviations[1] ** 2).tolist()
    message.orientation_covariance[0] = -1.0  # sensor_msgs/Imu: there is none
    return message


def from_odometry(message: Odometry) -> tuple[np.ndarray, np.ndarray]:
    """(pose [3] x m, y m, yaw rad in the odometry's frame; twist [2] m/s, rad/s in base_link).

    Raises GenModelsError(NOT_FINITE) for NaN, infinity, or a quaternion that is none.
    """
    pose = to_planar(message.pose.pose, "The odometry's pose")
    return pose, from_twist(message.twist.twist, "The odometry's twist")


def to_odometry(pose, twist, header: Header, child_frame_id: str = "base_link") -> Odometry:
    """The message of a planar pose [3] in the frame of `header` and a twist [2] in `child_frame_id`."""
    message = Odometry(header=header, child_frame_id=child_frame_id)
    message.pose.pose = from_planar(pose)
    message.twist.twist = to_twist(twist)
    return message


def from_twist(message: Twist | TwistStamped, what: str = "The command") -> np.ndarray:
    """[2]: forward m/s, turning rad/s. Raises GenModelsError(NOT_FINITE)."""
    twist = getattr(message, "twist", message)
    velocity = np.array([twist.linear.x, twist.angular.z])
    if not np.isfinite(velocity).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"{what} contains NaN or infinity.")
    return velocity


def to_twist(velocity) -> Twist:
    """The message of forward m/s and turning rad/s."""
    message = Twist()
    message.linear.x, message.angular.z = (float(value) for value in velocity)
    return message
