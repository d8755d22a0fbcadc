"""A camera with what belongs to its frames: calibration, label images, boxes, brought together by their stamps."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from genmodels_interfaces.msg import ImageBoxes
from genmodels_ros.conversions.boxes import from_detections
from genmodels_ros.conversions.detections import DETECTIONS
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.stamp_pairs import ExactSets

IMAGE, LABELS, BOXES = "image_raw", "label_image", "boxes"
INFOS_KEPT = 32  # camera_info messages: one may come some frames before its image


@dataclass(frozen=True)
class CameraFrame:
    """An image and the labels and boxes of its stamp; None where nobody publishes any."""

    image: Image | CompressedImage
    labels: Image | None = None
    boxes: ImageBoxes | None = None

    @property
    def header(self) -> Header:
        return self.image.header


class CameraFrames:
    """Listens to `image_raw`, or `image_raw/compressed`, and to `camera_info`, `label_image` and `boxes`.

    Where vision_msgs is installed, `detections` are boxes, too.
    An image waits for labels and boxes of exactly its stamp where somebody publishes them. `unmatched` counts, by
    topic, what found no partner; `borrowed_infos` the synthetic images that took another stamp's calibration.
    """

    PARAMETERS = (
        Parameter("compressed", False, "Listen to image_raw/compressed instead of image_raw", load_time=True),
    )

    def __init__(self, node: ManagedNode):
        """Made with the node; the counts are of its whole life."""
        self._node, self._subscriptions = node, {}
        self._sets = ExactSets(self._complete, self._wanted)
        self._process: Callable[[CameraFrame], None] = lambda frame: None
        self._infos, self._lock = OrderedDict(), threading.Lock()
        self.borrowed_infos = 0

    @property
    def unmatched(self) -> dict[str, int]:
        return {topic: self._sets.unmatched[topic] for topic in (IMAGE, LABELS, BOXES)}

    def activate(self, process: Callable[[CameraFrame], None]) -> None:
        """process: called with each complete frame, at once; it must not take long."""
        self._process = process
        self._infos.clear()
        self._sets.clear()
        self._listen(CameraInfo, "camera_info", self._receive_info)
        compressed = self._node.value("compressed")
        image_type, suffix = (CompressedImage, "/compressed") if compressed else (Image, "")
        self._subscriptions = {  # labels before images, so that the first image finds them wanted
            LABELS: [self._listen(Image, LABELS, self._receiver(LABELS))],
            BOXES: [self._listen(ImageBoxes, BOXES, self._receiver(BOXES))],
        }
        if DETECTIONS is not None:
            self._subscriptions[BOXES].append(self._listen(DETECTIONS, "detections", self._receive_detections))
        self._subscriptions[IMAGE] = [self._listen(image_type, IMAGE + suffix, self._receiver(IMAGE))]

    def _listen(self, kind, name: str, callback: Callable):
        """Best effort, so that every driver is heard, unless parameters say otherwise."""
        return self._node.add_subscription(kind, name, callback, qos_profile_sensor_data, overridable=True)

    def info(self, header: Header) -> CameraInfo | None:
        """The calibration of the image with `header`: of its stamp, else the newest, under its header; None before the
        first. The geometry of what is made of an image is the image's own, so its calibration holds."""
        with self._lock:
            info = self._infos.get(_key(header))
            if info is None and self._infos:
                self.borrowed_infos += 1
                info = next(reversed(self._infos.values()))
        if info is not None:
            info.header = header
        return info

    def _receive_info(self, message: CameraInfo) -> None:
        with self._lock:
            self._infos[_key(message.header)] = message
            while len(self._infos) > INFOS_KEPT:
                self._infos.popitem(last=False)

    def _receiver(self, topic: str) -> Callable:
        return lambda message: self._sets.add(topic, message)

    def _receive_detections(self, message) -> None:
        self._sets.add(BOXES, from_detections(message))

    def _wanted(self) -> set[str]:
        """Images always; labels and boxes while somebody publishes them."""
        published = (
            topic
            for topic in (LABELS, BOXES)
            for subscription in self._subscriptions.get(topic, ())
            if self._node.count_publishers(subscription.topic_name)
        )
        return {IMAGE, *published}

    def _complete(self, parts: dict) -> None:
        self._process(CameraFrame(parts[IMAGE], parts.get(LABELS), parts.get(BOXES)))


def _key(header: Header) -> tuple[int, int]:
    return header.stamp.sec, header.stamp.nanosec
