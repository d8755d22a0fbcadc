"""LaserScan, Odometry and Twist → Observation, the world model's view of one moment."""

import numpy as np
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan

from genmodels_ros.conversions.sensors import from_odometry
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.pipelines.observation import Observation


def to_observation(
    scan: LaserScan, odometry: Odometry, command: np.ndarray | None = None, laser_yaw: float = 0.0
) -> Observation:
    """A scan, the odometry of about the same moment, and the command [2] in force, checked.

    laser_yaw: rad, how the lidar is turned in base_link. Raises GenModelsError: WRONG_LENGTH for a scan without beams;
    NOT_FINITE for a scan without any usable range, a geometry that is no geometry, or odometry with NaN.
    """
    pose, twist = from_odometry(odometry)
    return Observation(
        stamp=to_seconds(scan.header.stamp),
        ranges=np.array(scan.ranges, dtype=np.float32),
        angle_min=scan.angle_min + laser_yaw,
        angle_increment=scan.angle_increment,
        range_min=scan.range_min,
        range_max=scan.range_max,
        pose=pose,
        twist=twist,
        command=command,
    ).checked()
