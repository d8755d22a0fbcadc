"""Plays a recording of a real robot onto the topics that the nodes listen to, at the pace it was recorded."""

import heapq
import time
from collections.abc import Iterator
from functools import partial

from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image, LaserScan

from genmodels_ros.conversions.images import from_rgb
from genmodels_ros.conversions.sensors import to_laser_scan, to_odometry
from genmodels_ros.conversions.stamps import header
from genmodels_ros.data.recordings import Recording

LONGEST_PAUSE = 1.5  # s: tubs stop whenever their driver did


class Replay:
    """Publishes `scan`, `odom` and `image_raw` of a recording. Stamps are shifted so that playing starts now."""

    def __init__(self, node: Node):
        self._clock = node.get_clock()
        self._publishers = {
            LaserScan: node.create_publisher(LaserScan, "scan", qos_profile_sensor_data),
            Odometry: node.create_publisher(Odometry, "odom", qos_profile_sensor_data),
            Image: node.create_publisher(Image, "image_raw", qos_profile_sensor_data),
        }

    def play(self, recording: Recording, duration: float) -> dict[str, int]:
        """Plays the first `duration` seconds, longer pauses cut to LONGEST_PAUSE; returns how many messages went out by
        message name."""
        sent: dict[str, int] = {}
        started, epoch = time.monotonic(), self._clock.now().nanoseconds * 1e-9
        played, before = 0.0, None
        for stamp, make in _in_order(recording):
            played += 0.0 if before is None else min(stamp - before, LONGEST_PAUSE)
            before = stamp
            if played > duration:
                break
            time.sleep(max(0.0, played - (time.monotonic() - started)))
            message = make(epoch + played)
            self._publishers[type(message)].publish(message)
            sent[type(message).__name__] = sent.get(type(message).__name__, 0) + 1
        return sent


def _in_order(recording: Recording) -> Iterator[tuple]:
    """(stamp, function of the new stamp that makes the message), all sensors merged by time."""
    sensors = (
        ((odometry.stamp, 0, partial(_odometry, odometry)) for odometry in recording.odometry),
        ((scan.stamp, 1, partial(_scan, scan)) for scan in recording.scans),
        ((image.stamp, 2, partial(_image, image)) for image in recording.images()),
    )
    for stamp, _, make in heapq.merge(*sensors, key=lambda item: item[:2]):
        yield stamp, make


def _scan(scan, stamp: float) -> LaserScan:
    return to_laser_scan(
        scan.ranges,
        header("base_scan", stamp),
        angle_min=scan.angle_min,
        angle_increment=scan.angle_increment,
        range_min=scan.range_min,
        range_max=scan.range_max,
    )


def _odometry(odometry, stamp: float) -> Odometry:
    return to_odometry(odometry.pose, odometry.twist, header("odom", stamp))


def _image(image, stamp: float) -> Image:
    return from_rgb(image.image, header("camera_optical_frame", stamp))
