"""Expected scans → points that a costmap or a collision monitor takes for obstacles."""

from dataclasses import dataclass

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from genmodels_ros.conversions.images import byte_array
from genmodels_ros.pipelines.mobile.imagination import Forecast
from genmodels_ros.pipelines.mobile.observation import Observation

FIELDS = ("x", "y", "z", "intensity", "std")  # float32 each


@dataclass(frozen=True)
class PointSettings:
    """What becomes a point."""

    robot_radius: float  # m around base_link that is the robot itself
    height: float  # m of all points: what a costmap's minimum and maximum obstacle height let through
    resolution: float  # m: of the points of a square this large the earliest is told
    max_std: float  # m: ranges that are less certain are left out


def expected_points(forecast: Forecast, times: np.ndarray, seen: Observation, settings: PointSettings) -> np.ndarray:
    """Points [M, 5] of a forecast whose T steps lie `times` [T] s ahead: x, y, z m in base_link as it stands now,
    the time in s at which something is expected there, and the standard deviation of its range in m."""
    angles = seen.angle_min + seen.angle_increment * np.arange(forecast.ranges.shape[1])
    x, y, yaw = (forecast.poses[:, i, None] for i in range(3))
    along_x = x + forecast.ranges * np.cos(yaw + angles)
    along_y = y + forecast.ranges * np.sin(yaw + angles)
    told = forecast.hit & (forecast.ranges < seen.range_max) & (forecast.std <= settings.max_std)
    told &= np.hypot(along_x, along_y) > settings.robot_radius
    moments = np.broadcast_to(np.asarray(times, dtype=float)[:, None], told.shape)
    height = np.full(told.shape, settings.height)
    points = np.stack([values[told] for values in (along_x, along_y, height, moments, forecast.std)], axis=-1)
    cells = np.floor(points[:, :2] / settings.resolution).astype(np.int64)
    _, earliest = np.unique(cells, axis=0, return_index=True)  # rows are in the order of time
    return points[np.sort(earliest)]


def to_point_cloud(points: np.ndarray, header: Header) -> PointCloud2:
    """The message of points [M, 5] as `expected_points` gives them."""
    fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1) for i, name in enumerate(FIELDS)
    ]
    step = 4 * len(FIELDS)
    message = PointCloud2(header=header, height=1, width=len(points), fields=fields, point_step=step)
    message.row_step, message.is_dense = step * len(points), True
    message.data = byte_array(np.ascontiguousarray(points, dtype="<f4"))
    return message
