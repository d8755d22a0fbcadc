"""A camera's topic as training images, on this side of ROS: what pipelines/camera/augmented_dataset.py augments.

with live_images(labels=True) as frames:
    dataset = AugmentedDataset(frames, ImageAugmenter.from_checkpoint())
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from genmodels_interfaces.msg import ImageBoxes
from genmodels_ros.conversions.boxes import from_detections, to_instances
from genmodels_ros.conversions.detections import DETECTIONS
from genmodels_ros.conversions.images import to_labels, to_rgb
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.data.frame_queue import FrameQueue
from genmodels_ros.data.labelled_images import SourceImage
from genmodels_ros.errors import GenModelsError
from genmodels_ros.nodes.process import Executor
from genmodels_ros.nodes.stamp_pairs import ExactSets

IMAGE, LABELS, BOXES = "image_raw", "label_image", "boxes"


class LiveImages(Node):
    """Subscribes to `image_raw` (or `image_raw/compressed`), with `labels` to `label_image`, and with `classes` to
    `boxes` (and `detections` where vision_msgs is installed), and puts what belongs together by its stamp into
    `frames`. Boxes of other classes are left out. What cannot be read is told once a second and counted in
    `num_errors`; what found no partner in `sets.unmatched`."""

    def __init__(
        self,
        frames: FrameQueue,
        *,
        labels: bool = False,
        classes: Sequence[str] = (),
        compressed: bool = False,
        **options,
    ):
        super().__init__("live_images", **options)
        self.frames, self.classes, self.num_errors = frames, tuple(classes), 0
        wanted = [IMAGE, *([LABELS] if labels else []), *([BOXES] if classes else [])]
        self.sets = ExactSets(self._receive, lambda: wanted)
        kind, topic = (CompressedImage, f"{IMAGE}/compressed") if compressed else (Image, IMAGE)
        self._listen(kind, topic, lambda message: self.sets.add(IMAGE, message))
        if labels:
            self._listen(Image, LABELS, lambda message: self.sets.add(LABELS, message))
        if classes:
            self._listen(ImageBoxes, BOXES, lambda message: self.sets.add(BOXES, message))
        if classes and DETECTIONS is not None:
            self._listen(DETECTIONS, "detections", lambda message: self.sets.add(BOXES, from_detections(message)))

    def _listen(self, kind, topic: str, callback: Callable) -> None:
        self.create_subscription(kind, topic, callback, qos_profile_sensor_data)

    def _receive(self, messages: dict) -> None:
        image, label, boxes = (messages.get(part) for part in (IMAGE, LABELS, BOXES))
        try:
            rgb = to_rgb(image)
            labels = None if label is None else to_labels(label, rgb.shape[:2])
            instances = () if boxes is None else to_instances(boxes, self.classes)
        except GenModelsError as error:
            self.num_errors += 1
            self.get_logger().warning(f"An image is left out: {error}", throttle_duration_sec=1.0)
            return
        stamp = image.header.stamp
        name = f"{stamp.sec}_{stamp.nanosec:09d}"
        self.frames.put(SourceImage(name, f"topic {IMAGE}", to_seconds(stamp), rgb, labels, instances=instances))


@contextmanager
def live_images(
    *,
    labels: bool = False,
    classes: Sequence[str] = (),
    compressed: bool = False,
    size: int = 64,
    patience: float | None = None,
    args=None,
) -> Iterator[FrameQueue]:
    """The last `size` frames of a camera while in the `with`; they end when none comes for `patience` s.

    classes: of boxes, if those are wanted: class_id → its place here, the dataset's "categories"
    args: of ROS, for remapping: ["--ros-args", "-r", "image_raw:=/front/image_raw"]. Calls rclpy.init unless somebody
    has.
    """
    frames, mine = FrameQueue(size, patience=patience), not rclpy.ok()
    if mine:
        rclpy.init()
    node = LiveImages(frames, labels=labels, classes=classes, compressed=compressed, cli_args=args)
    executor = Executor(num_threads=2)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    try:
        yield frames
    finally:
        frames.close()
        executor.shutdown()
        thread.join()
        node.destroy_node()
        if mine:
            rclpy.try_shutdown()
