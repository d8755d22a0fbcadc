"""A camera's topic as a source of training images, on this side of ROS: what pipelines/augmented_dataset.py augments.

with live_images(labels=True) as frames:
    dataset = AugmentedDataset(frames, ImageAugmenter.from_checkpoint())
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from genmodels_ros.conversions.images import to_labels, to_rgb
from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.data.frame_queue import FrameQueue
from genmodels_ros.data.labelled_images import SourceImage
from genmodels_ros.errors import GenModelsError
from genmodels_ros.nodes.process import Executor
from genmodels_ros.nodes.stamp_pairs import ExactSets

IMAGE, LABELS = "image_raw", "label_image"


class LiveImages(Node):
    """Subscribes to `image_raw` (or `image_raw/compressed`) and, with `labels`, to `label_image`, and puts what belongs
    together by its stamp into `frames`. An image that cannot be read is told once a second and counted in
    `num_errors`; images without labels and labels without image in `sets.unmatched`."""

    def __init__(self, frames: FrameQueue, *, labels: bool = False, compressed: bool = False, **options):
        super().__init__("live_images", **options)
        self.frames, self.num_errors = frames, 0
        wanted = (IMAGE, LABELS) if labels else (IMAGE,)
        self.sets = ExactSets(self._receive, lambda: wanted)
        kind, topic = (CompressedImage, f"{IMAGE}/compressed") if compressed else (Image, IMAGE)
        self.create_subscription(kind, topic, lambda message: self.sets.add(IMAGE, message), qos_profile_sensor_data)
        if labels:
            self.create_subscription(
                Image, LABELS, lambda message: self.sets.add(LABELS, message), qos_profile_sensor_data
            )

    def _receive(self, messages: dict) -> None:
        image, label = messages[IMAGE], messages.get(LABELS)
        try:
            rgb = to_rgb(image)
            labels = None if label is None else to_labels(label, rgb.shape[:2])
        except GenModelsError as error:
            self.num_errors += 1
            self.get_logger().warning(f"An image is left out: {error}", throttle_duration_sec=1.0)
            return
        stamp = image.header.stamp
        name = f"{stamp.sec}_{stamp.nanosec:09d}"
        self.frames.put(SourceImage(name, f"topic {IMAGE}", to_seconds(stamp), rgb, labels))


@contextmanager
def live_images(
    *, labels: bool = False, compressed: bool = False, size: int = 64, patience: float | None = None, args=None
) -> Iterator[FrameQueue]:
    """The last `size` frames of a camera while in the `with`; they end when none comes for `patience` s.

    args: of ROS, for remapping: ["--ros-args", "-r", "image_raw:=/front/image_raw"]. Calls rclpy.init unless somebody
    has.
    """
    frames, mine = FrameQueue(size, patience=patience), not rclpy.ok()
    if mine:
        rclpy.init()
    node, executor = LiveImages(frames, labels=labels, compressed=compressed, cli_args=args), Executor(num_threads=2)
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
