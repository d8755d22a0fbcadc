"""A camera that times what the augmenter makes of its frames."""

import threading
import time

import numpy as np
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from genmodels_ros.conversions.images import from_labels, from_rgb
from genmodels_ros.conversions.stamps import header

ANSWER = 2.0  # s after which a frame counts as not answered: dropped, refused or lost


class Stopwatch(Node):
    """Publishes frames with their calibration and labels, and times what comes back by its stamp."""

    def __init__(self):
        super().__init__("stopwatch")
        self._arrived = threading.Condition()
        self._sent: dict[tuple, float] = {}
        self.latencies: list[float] = []  # ms
        self._image = self.create_publisher(Image, "image_raw", qos_profile_sensor_data)
        self._info = self.create_publisher(CameraInfo, "camera_info", qos_profile_sensor_data)
        self._labels = self.create_publisher(Image, "label_image", qos_profile_sensor_data)
        self.create_subscription(Image, "image_augmenter/image", self._receive, 10)

    def shoot(self, image: np.ndarray, labels: np.ndarray, number: int) -> tuple:
        stamp = header("camera", 1000 + number * 0.01)
        info = CameraInfo(header=stamp, width=image.shape[1], height=image.shape[0])
        messages = from_rgb(image, stamp), from_labels(labels, stamp)
        with self._arrived:
            self._sent[_key(stamp)] = time.monotonic()
        self._info.publish(info)
        self._labels.publish(messages[1])
        self._image.publish(messages[0])
        return _key(stamp)

    def wait(self, key: tuple) -> bool:
        """Whether the frame came back in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: key not in self._sent, ANSWER)

    def _receive(self, message: Image) -> None:
        with self._arrived:
            sent = self._sent.pop(_key(message.header), None)
            if sent is not None:
                self.latencies.append((time.monotonic() - sent) * 1e3)
            self._arrived.notify_all()


def _key(stamp) -> tuple[int, int]:
    return stamp.stamp.sec, stamp.stamp.nanosec
