"""What the augmenter publishes: a synthetic image and all that belongs to it, under the header of its source."""

from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from genmodels_interfaces.msg import AugmentedImage, ImageBoxes
from genmodels_ros.conversions.detections import DETECTIONS, to_detections
from genmodels_ros.conversions.images import compress, to_rgb
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter

MAX_VARIANTS = 16
# Reliable: works with reliable and best-effort subscribers. As deep as one frame's variants, which come in one go.
DERIVED = QoSProfile(depth=MAX_VARIANTS)


class SyntheticFrames:
    """Publishers from configure to cleanup. Topics that nobody listens to and that cost something stay silent."""

    PARAMETERS = (
        Parameter("encoding", "rgb8", "Of the synthetic images", choices=("rgb8", "bgr8", "mono8")),
        Parameter("jpeg_quality", 90, "Of ~/image/compressed, in percent", range=(1, 100)),
    )

    def __init__(self, node: ManagedNode):
        """Made on configure."""
        self._node = node
        self.image = node.add_publisher(Image, "~/image", DERIVED)
        self.compressed = node.add_publisher(CompressedImage, "~/image/compressed", DERIVED)
        self.camera_info = node.add_publisher(CameraInfo, "~/camera_info", DERIVED)
        self.label_image = node.add_publisher(Image, "~/label_image", DERIVED)
        self.boxes = node.add_publisher(ImageBoxes, "~/boxes", DERIVED)
        self.detections = node.add_publisher(DETECTIONS, "~/detections", DERIVED) if DETECTIONS is not None else None
        self.augmented = node.add_publisher(AugmentedImage, "~/augmented", DERIVED)

    def publish(self, variant: AugmentedImage, info: CameraInfo | None, has_labels: bool, has_boxes: bool) -> None:
        """An accepted variant; `info` is its camera's calibration, if known."""
        self.image.publish(variant.image)
        if info is not None:
            self.camera_info.publish(info)
        if has_labels:
            self.label_image.publish(variant.label_image)
        if has_boxes:
            self.boxes.publish(variant.boxes)
            if self.detections is not None:
                self.detections.publish(to_detections(variant.boxes))
        if self.compressed.get_subscription_count():
            quality = self._node.value("jpeg_quality")
            self.compressed.publish(compress(to_rgb(variant.image), variant.image.header, quality=quality))
        if self.augmented.get_subscription_count():  # it carries image and labels once more
            self.augmented.publish(variant)
