"""The topics of a camera that measures colour and depth, and one view published on them.

Named as depth cameras' drivers name them: remap `<name>/points` or `<name>/depth/…` to what the trajectory generator
listens to.
"""

import numpy as np
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from genmodels_ros.conversions.depth import from_depth
from genmodels_ros.conversions.images import from_rgb
from genmodels_ros.conversions.point_clouds import from_points
from genmodels_ros.conversions.simulated import to_camera_info
from genmodels_ros.conversions.stamps import header
from genmodels_ros.nodes.qos import SENSOR
from genmodels_ros.robots.scene.depth import PinholeCamera, depth_points
from genmodels_ros.simulation.arm.cameras import RgbdCamera
from genmodels_ros.simulation.world import World


def rgbd_topics(name: str) -> tuple[tuple, ...]:
    """(type, topic, QoS) in the order of publish_rgbd's publishers."""
    topics = {
        "image_raw": Image,
        "camera_info": CameraInfo,
        "depth/image_raw": Image,
        "depth/camera_info": CameraInfo,
        "points": PointCloud2,
    }
    return tuple((message, f"{name}/{topic}", SENSOR) for topic, message in topics.items())


def publish_rgbd(camera: RgbdCamera, image, info, depth_image, depth_info, points, world: World, stamp: float) -> None:
    """Takes a picture and publishes it in the camera's optical frame."""
    head = header(f"{camera.name}_optical_frame", stamp)
    rgb, depth = world.arm_camera(camera.name)
    calibration = to_camera_info(camera.width, camera.height, camera.focal_length, head)
    pinhole = PinholeCamera(
        camera.width, camera.height, camera.focal_length, camera.focal_length, camera.width / 2, camera.height / 2
    )
    image.publish(from_rgb(rgb, head))
    depth_image.publish(from_depth(depth, head))
    points.publish(from_points(depth_points(depth, pinhole, np.eye(4)), head))
    for publisher in (info, depth_info):
        publisher.publish(calibration)
