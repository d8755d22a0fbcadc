"""LaserScan, Odometry and Twist → Observation, the world model's view of one moment."""

import numpy as np
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan

from genmodels_ros.conversions.sensors import from_odometry
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.pipelines.mobile.lidar_mount import seen_from_centre
from genmodels_ros.pipelines.mobile.observation import Observation


def to_observation(
    scan: LaserScan,
    odometry: Odometry,
    command: np.ndarray | None = None,
    laser: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Observation:
    """A scan, the odometry of about the same moment, and the command [2] in force, checked.

    The odometry's pose is carried on to the scan's stamp by its twist, as the two sensors have rates of their own.
    laser: x m, y m, yaw rad of the lidar in base_link. Raises GenModelsError: WRONG_LENGTH for a scan without beams;
    NOT_FINITE for a scan without any usable range, a geometry that is no geometry, or odometry with NaN.
    """
    pose, twist = from_odometry(odometry)
    stamp, (x, y, yaw) = to_seconds(scan.header.stamp), laser
    observation = Observation(
        stamp=stamp,
        ranges=np.array(scan.ranges, dtype=np.float32),
        angle_min=scan.angle_min + yaw,
        angle_increment=scan.angle_increment,
        range_min=scan.range_min,
        range_max=scan.range_max,
        pose=carried_on(pose, twist, stamp - to_seconds(odometry.header.stamp)),
        twist=twist,
        command=command,
    ).checked()
    return seen_from_centre(observation, x, y)


def carried_on(pose: np.ndarray, twist: np.ndarray, seconds: float) -> np.ndarray:
    """The planar pose [3] after `twist` [2] m/s, rad/s for `seconds`, which may be negative: a unicycle's arc."""
    turn = twist[1] * seconds
    chord = twist[0] * seconds * np.sinc(turn / (2 * np.pi))
    heading = pose[2] + turn / 2
    yaw = pose[2] + turn
    return np.array(
        [pose[0] + chord * np.cos(heading), pose[1] + chord * np.sin(heading), np.arctan2(np.sin(yaw), np.cos(yaw))]
    )
