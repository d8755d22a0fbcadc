"""Obstacles that the node sees for itself, in a point cloud or a depth image."""

import time
from functools import partial

import numpy as np
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from genmodels_ros.conversions.depth import to_camera, to_depth
from genmodels_ros.conversions.point_clouds import to_points
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.arm.robot_state import RobotState
from genmodels_ros.nodes.arm.sensor_frame import SensorFrame
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.robots.collision.attachment import carrying
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.scene.depth import depth_points
from genmodels_ros.robots.scene.point_cloud import PerceivedScene, PerceptionSettings, perceive

NONE, POINTS, DEPTH = "none", "points", "depth"


class Perception:
    """Turns the newest cloud or image into boxes, beside whatever is being planned.

    Nothing seen lately is an error and not an empty scene: `scene` raises it until the sensor is back.
    """

    PARAMETERS = (
        Parameter(
            "perception.source",
            NONE,
            "Where obstacles are seen: in the topic points, or in depth/image_raw with depth/camera_info",
            choices=(NONE, POINTS, DEPTH),
            load_time=True,
        ),
        Parameter("perception.voxel_size", 0.03, "Side of a voxel", "m", range=(0.01, 0.5)),
        Parameter("perception.max_boxes", 200, "About the most boxes; more mean larger voxels", range=(1, 2000)),
        Parameter("perception.robot_margin", 0.03, "Around the arm, points are the arm", "m", range=(0.0, 0.5)),
        Parameter("perception.min_points", 1, "A third of a voxel a side with fewer is noise", range=(1, 1000)),
        Parameter("perception.max_age", 1.0, "Oldest view that one may plan by", "s", range=(0.01, 60.0)),
        *SensorFrame.PARAMETERS,
    )

    def __init__(self, node: ManagedNode, robot: Robot, state: RobotState, changed, carried=tuple):
        """changed: called without arguments when there is a new view, or the last could not be read; carried() →
        Attached things, which are taken for the arm.
        """
        self._node, self._robot, self._state, self._changed = node, robot, state, changed
        self._carried = carried
        self._frame = SensorFrame(node, robot)
        self._seen, self._error, self._stamp, self._arrival = PerceivedScene(), None, 0.0, -np.inf
        self._camera_info: CameraInfo | None = None
        self.source = node.value("perception.source")
        if self.source == NONE:
            return
        self._slot = node.add_worker(self._look, alone=True)
        if self.source == POINTS:
            node.add_subscription(PointCloud2, "points", self._slot.put, qos_profile_sensor_data)
        else:
            node.add_subscription(CameraInfo, "depth/camera_info", self._receive_info, qos_profile_sensor_data)
            node.add_subscription(Image, "depth/image_raw", self._slot.put, qos_profile_sensor_data)

    def scene(self) -> Scene:
        """The obstacles seen last. Raises GenModelsError: PERCEPTION_TOO_OLD, or why the last view cannot be used."""
        if self.source == NONE:
            return Scene()
        if self._error:
            raise self._error
        age, max_age = self._age(), self._node.value("perception.max_age")
        if age > max_age:
            newest = f"the newest is {age:.2g} s old" if np.isfinite(age) else "none has arrived"
            raise GenModelsError(
                ErrorCode.PERCEPTION_TOO_OLD,
                f"No {'depth image' if self.source == DEPTH else 'point cloud'} of the last {max_age:g} s, {newest}: "
                "start the sensor, or set ignore_obstacles_topic.",
            )
        return self._seen.scene

    def details(self) -> dict[str, str]:
        """Lines for the diagnostics."""
        if self.source == NONE:
            return {}
        return {
            "perceived_boxes": str(len(self._seen.scene.obstacles)),
            "perceived_voxel_size": f"{self._seen.voxel_size:.3g}",
            "perception_age": f"{self._age():.3g}",
        }

    def _age(self) -> float:
        """Seconds since the last view was taken, by its stamp, or since it arrived if it has none."""
        if self._stamp:
            return self._node.get_clock().now().nanoseconds * 1e-9 - self._stamp
        return time.monotonic() - self._arrival

    def _receive_info(self, message: CameraInfo) -> None:
        self._camera_info = message

    def _look(self, message: PointCloud2 | Image) -> None:
        arrival, stamp = time.monotonic(), to_seconds(message.header.stamp)
        try:
            q = self._state.at(stamp)
            points = self._points(message, partial(self._frame.pose, message.header.frame_id, q))
            self._seen = perceive(points, carrying(self._robot, self._carried()), q, self._settings())
            self._stamp, self._arrival, self._error = stamp, arrival, None
            self._tell_of_larger_voxels()
        except GenModelsError as error:
            self._error = error  # planning by the view before would be a lie
            raise
        finally:
            self._changed()

    def _tell_of_larger_voxels(self) -> None:
        asked, took = self._node.value("perception.voxel_size"), self._seen.voxel_size
        if took > 1.01 * asked:
            self._node.get_logger().warning(
                f"Too much to see for perception.max_boxes: voxels of {took:.3g} m instead of {asked:g} m.",
                throttle_duration_sec=10.0,
            )

    def _points(self, message: PointCloud2 | Image, base_from_sensor) -> np.ndarray:
        """[M, 3] m in the base frame. Raises GenModelsError: malformed, or nothing measured at all."""
        if isinstance(message, PointCloud2):
            points, pose = to_points(message), base_from_sensor()
            blind = len(points) > 0 and not np.isfinite(points).any()  # without any point, a filter may have left none
            points = points if pose is None else _moved(points, pose)
        else:
            depth = to_depth(message)
            if self._camera_info is None:
                raise GenModelsError(ErrorCode.INVALID_CALIBRATION, "No depth/camera_info yet: publish the camera's.")
            camera, pose = to_camera(self._camera_info, depth.shape), base_from_sensor()
            points = depth_points(depth, camera, np.eye(4) if pose is None else pose)
            blind = len(points) == 0
        if blind:
            code = ErrorCode.INVALID_IMAGE if self.source == DEPTH else ErrorCode.INVALID_POINT_CLOUD
            raise GenModelsError(code, "The sensor measured nothing at all: look whether it is covered or too near.")
        return points

    def _settings(self) -> PerceptionSettings:
        names = ("voxel_size", "max_boxes", "robot_margin", "min_points")
        return PerceptionSettings(**{name: self._node.value(f"perception.{name}") for name in names})


def _moved(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Points [M, 3] from the frame of `pose` [4, 4] into the base frame."""
    rotation, translation = pose[:3, :3].astype(points.dtype), pose[:3, 3].astype(points.dtype)
    return (rotation @ points.T + translation[:, None]).T
