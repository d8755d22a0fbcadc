"""Synthetic images with their labels from a live camera: every frame again in another light, weather or sensor."""

import time
from pathlib import Path

import numpy as np
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from genmodels_interfaces.msg import AugmentedImage as AugmentedImageMessage
from genmodels_interfaces.srv import AugmentImages
from genmodels_ros.conversions.augmentation import to_sources, to_variant
from genmodels_ros.conversions.images import from_rgb, to_labels, to_rgb
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.stamp_pairs import ExactPairs
from genmodels_ros.pipelines.augmentation import RANDOM, ImageAugmenter
from genmodels_ros.pipelines.comparison_grid import comparison_grid

DERIVED = QoSProfile(depth=2)  # reliable and shallow: works with reliable and best-effort subscribers


class ImageAugmenterNode(ModelNode):
    """convert → ImageAugmenter → convert. What the quality gate refuses is counted, not published."""

    FAMILY, SHIPPED = "gan", "camera_gan"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        Parameter("style", RANDOM, "A style of the model, or random"),
        Parameter("strength", 1.0, "0 leaves the image as it is, 1 is the full style", range=(0.01, 1.0)),
        Parameter("seed", 0, "With a frame's stamp it gives the frame's variants", range=(0, 2**62)),
        Parameter("variants", 1, "Synthetic images a frame", range=(1, 16)),
        Parameter("max_rate", 0.0, "Most frames a second that are augmented; 0: all", "Hz", range=(0.0, 1000.0)),
        Parameter("compressed", False, "Listen to image_raw/compressed instead of image_raw", load_time=True),
        Parameter("grid.period", 2.0, "Between pictures of all styles on ~/grid; 0: none", "s", range=(0.0, 3600.0)),
        Parameter("max_images", 64, "Most images of a request", range=(1, 10_000)),
        Parameter("max_variants", 256, "Most variants a request may ask for in all", range=(1, 10_000)),
    )

    def __init__(self, **options):
        self.num_rejected, self.num_skipped = 0, 0  # by the quality gate, by max_rate
        self._pairs = ExactPairs(self.receive_pair)
        super().__init__("image_augmenter", **options)
        self.add_service(AugmentImages, "~/augment", self.augment)

    def configure(self) -> None:
        super().configure()
        self.set_choices("style", (RANDOM, *self.pipeline.styles))
        self.image = self.add_publisher(Image, "~/image", DERIVED)
        self.camera_info = self.add_publisher(CameraInfo, "~/camera_info", DERIVED)
        self.label_image = self.add_publisher(Image, "~/label_image", DERIVED)
        self.augmented = self.add_publisher(AugmentedImageMessage, "~/augmented", DERIVED)
        self.grid = self.add_publisher(Image, "~/grid", 1)

    def load(self, checkpoint: Path, device: str, precision: str) -> ImageAugmenter:
        return ImageAugmenter.from_checkpoint(checkpoint, device=device, precision=precision)

    def warm_up(self) -> None:
        self.pipeline.augment(np.zeros((240, 320, 3), np.uint8))

    def activate(self) -> None:
        self._info, self._last_start, self._last_grid = None, -np.inf, -np.inf
        self._frames = self.add_worker(self.process)
        compressed = self.value("compressed")
        self.add_subscription(CameraInfo, "camera_info", self.receive_info, qos_profile_sensor_data)
        self._labels = self.add_subscription(Image, "label_image", self.receive_labels, qos_profile_sensor_data)
        self.add_subscription(
            CompressedImage if compressed else Image,
            "image_raw/compressed" if compressed else "image_raw",
            self.receive_image,
            qos_profile_sensor_data,
        )

    def details(self) -> dict[str, str]:
        counts = {"rejected": self.num_rejected, "skipped": self.num_skipped, "without_labels": self._pairs.unmatched}
        return {**super().details(), **{name: str(count) for name, count in counts.items()}}

    # --- Topics

    def receive_info(self, message: CameraInfo) -> None:
        self._info = message

    def receive_pair(self, image: Image | CompressedImage, label: Image) -> None:
        self._frames.put((image, label))

    def receive_labels(self, message: Image) -> None:
        self._pairs.add(message, 1)

    def receive_image(self, message: Image | CompressedImage) -> None:
        """Where somebody publishes labels, an image waits for the ones of its stamp, so that the two stay in step."""
        if self.count_publishers(self._labels.topic_name):
            self._pairs.add(message, 0)
        else:
            self._frames.put((message, None))

    def process(self, frame: tuple[Image | CompressedImage, Image | None]) -> None:
        """One frame: its variants, its camera_info, its labels."""
        message, label = frame
        max_rate, now = self.value("max_rate"), time.monotonic()
        if max_rate and now - self._last_start < 1 / max_rate:
            self.num_skipped += 1
            return
        self._last_start = now
        rgb = to_rgb(message)
        labels = None if label is None else to_labels(label, rgb.shape[:2])
        for variant in self.variants(rgb, message.header, label):
            if not variant.accepted:
                self.num_rejected += 1
                continue
            self.image.publish(variant.image)
            self.publish_info(message)
            if label is not None:
                self.label_image.publish(label)
            if self.augmented.get_subscription_count():  # it carries image and labels once more
                self.augmented.publish(variant)
        self.publish_grid(rgb, labels, message.header)

    def variants(self, rgb: np.ndarray, source, label: Image | None) -> list[AugmentedImageMessage]:
        """The frame's variants; the same seed, stamp and image give the same ones."""
        entropy = [self.value("seed"), max(source.stamp.sec, 0), source.stamp.nanosec]
        seed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))
        made = self.pipeline.variants(
            rgb, self.value("variants"), style=self.value("style"), strength=self.value("strength"), seed=seed
        )
        return [to_variant(one, self.pipeline.provenance(one), source, label) for one in made]

    def publish_info(self, image: Image | CompressedImage) -> None:
        """The camera's calibration holds for the synthetic image: its geometry is the source's."""
        if self._info is not None:
            self._info.header = image.header
            self.camera_info.publish(self._info)

    def publish_grid(self, rgb: np.ndarray, labels: np.ndarray | None, source) -> None:
        """The frame, its labels and each style of it, side by side, now and then."""
        period, now = self.value("grid.period"), time.monotonic()
        if not period or now - self._last_grid < period or not self.grid.get_subscription_count():
            return
        self._last_grid = now
        picture = comparison_grid(
            self.pipeline,
            [rgb],
            labels=None if labels is None else [labels],
            strength=self.value("strength"),
            seed=self.value("seed"),
        )
        self.grid.publish(from_rgb(picture, source))

    # --- Service

    def augment(self, request: AugmentImages.Request, response: AugmentImages.Response) -> None:
        started = time.monotonic()
        sources = to_sources(request, self.value("max_images"))
        count = request.count or 1
        if count * len(sources) > self.value("max_variants"):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"{count} variants of {len(sources)} images are more than the {self.value('max_variants')} allowed.",
            )
        style, strength = request.style or self.value("style"), request.strength or self.value("strength")
        for index, (source, rgb, label) in enumerate(sources):
            with self.monitor.measure():
                made = self.pipeline.variants(rgb, count, style=style, strength=strength, seed=request.seed + index)
            response.variants += [to_variant(one, self.pipeline.provenance(one), source, label) for one in made]
        response.computation_time = time.monotonic() - started


main = main_for(ImageAugmenterNode)
