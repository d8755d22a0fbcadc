"""Synthetic images with their labels from a live camera: every frame again in another light, weather or sensor."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genmodels_interfaces.msg import AugmentedImage as AugmentedImageMessage
from genmodels_ros.conversions.augmentation import Source, to_source, to_variant
from genmodels_ros.nodes.augmenter_services import AugmenterServices
from genmodels_ros.nodes.camera_frames import CameraFrame, CameraFrames
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.rate_limit import RateLimit
from genmodels_ros.nodes.style_reference import Reference, StyleReference
from genmodels_ros.nodes.synthetic_frames import MAX_VARIANTS, SyntheticFrames, shown_in_grid
from genmodels_ros.pipelines.augmentation import RANDOM, ImageAugmenter
from genmodels_ros.pipelines.comparison_grid import comparison_grid

NUMBER = re.compile(r"\d+(\.\d+)?%?")  # in a reason; those that differ in it alone are one


class ImageAugmenterNode(ModelNode):
    """convert → ImageAugmenter → convert. What the quality gate refuses is counted, not published."""

    FAMILY, SHIPPED = "gan", "camera_gan"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        Parameter("style", RANDOM, "A style of the model, or random: the reference's nearest where there is one"),
        Parameter("strength", 1.0, "0 leaves the image as it is, 1 is the full style", range=(0.01, 1.0)),
        Parameter("lighting_only", False, "Change brightness alone, no colour and no texture"),
        Parameter("seed", 0, "With a frame's stamp it gives the frame's variants", range=(0, 2**62)),
        Parameter("variants", 1, "Synthetic images a frame", range=(1, MAX_VARIANTS)),
        Parameter("max_rate", 0.0, "Most frames a second that are augmented; 0: all", "Hz", range=(0.0, 1000.0)),
        Parameter("mark", True, "Put the invisible mark into every synthetic image", load_time=True),
        Parameter("grid.period", 2.0, "Between pictures of all styles on ~/grid; 0: none", "s", range=(0.0, 3600.0)),
        *CameraFrames.PARAMETERS,
        *StyleReference.PARAMETERS,
        *SyntheticFrames.PARAMETERS,
        *AugmenterServices.PARAMETERS,
    )

    def __init__(self, **options):
        self.rejections: Counter[str] = Counter()  # by the quality gate's reasons
        self.limit, self.frames = RateLimit(), CameraFrames(self)
        super().__init__("image_augmenter", **options)
        self.reference, self.requests = StyleReference(self), AugmenterServices(self)

    def configure(self) -> None:
        super().configure()
        self.set_choices("style", (RANDOM, *self.pipeline.styles))
        self.reference.configure()
        self.output = SyntheticFrames(self)

    def load(self, checkpoint: Path, device: str, precision: str) -> ImageAugmenter:
        return ImageAugmenter.from_checkpoint(checkpoint, device=device, precision=precision, mark=self.value("mark"))

    def warm_up(self) -> None:
        self.pipeline.augment(np.zeros((240, 320, 3), np.uint8))

    def activate(self) -> None:
        self._last_grid = -np.inf
        self.reference.activate()
        self._newest = self.add_worker(self.process)
        self.frames.activate(self.receive)

    def cleanup(self) -> None:
        self.requests.forget()
        super().cleanup()

    def details(self) -> dict[str, str]:
        counts = {
            "rejected": self.rejections.total(),
            **{f"rejected: {reason}": count for reason, count in self.rejections.items()},
            "skipped": self.limit.skipped,
            **{f"unmatched {topic}": count for topic, count in self.frames.unmatched.items()},
            "camera_info of another stamp": self.frames.borrowed_infos,
        }
        return {**super().details(), **{name: str(count) for name, count in counts.items()}}

    def receive(self, frame: CameraFrame) -> None:
        if self.limit.passes(time.monotonic(), self.value("max_rate")):
            self._newest.put(frame)

    def process(self, frame: CameraFrame) -> None:
        """One frame: its variants, its camera_info, its labels and boxes."""
        source = to_source(frame.image, frame.labels, frame.boxes)
        info = self.frames.info(frame.header)
        for variant in self.variants(
            source,
            self.value("variants"),
            seed=self.frame_seed(frame.header.stamp),
            style=self.value("style"),
            strength=self.value("strength"),
            reference=self.reference.current,
            lighting_only=self.value("lighting_only"),
            encoding=self.value("encoding"),
        ):
            if not self.active:
                return
            if variant.accepted:
                self.output.publish(variant, info, frame.labels is not None, frame.boxes is not None)
            else:
                self.rejections[NUMBER.sub("N", variant.rejection_reason)] += 1
        self.publish_grid(source)

    def variants(
        self, source: Source, count: int, *, seed: int, reference: Reference | None, encoding: str = "rgb8", **options
    ) -> Iterator[AugmentedImageMessage]:
        """`count` variants of a source, made one by one; `options` are those of ImageAugmenter.augment."""
        code = self.reference.code(reference, options["style"])
        facts = {"lighting_only": options["lighting_only"], "reference_sha256": reference.sha256 if reference else ""}
        for one in self.pipeline.variant_seeds(seed, count):
            variant = self.pipeline.augment(
                source.image,
                seed=one,
                reference=code,
                labels=source.labels,
                **options,
            )
            yield to_variant(variant, {**self.pipeline.provenance(variant), **facts}, source, encoding)

    def frame_seed(self, stamp) -> int:
        """Of the frame with this stamp: the same seed, stamp and image give the same variants."""
        entropy = [self.value("seed"), max(stamp.sec, 0), stamp.nanosec]
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def publish_grid(self, source: Source) -> None:
        """The frame, its labels and each style of it, side by side, now and then."""
        period, now = self.value("grid.period"), time.monotonic()
        if not period or now - self._last_grid < period or not self.output.grid.get_subscription_count():
            return
        self._last_grid = now
        picture = comparison_grid(
            self.pipeline,
            [shown_in_grid(source.image)],
            labels=None if source.labels is None else [shown_in_grid(source.labels)],
            strength=self.value("strength"),
            seed=self.value("seed"),
        )
        self.output.publish_grid(picture, source.header)


main = main_for(ImageAugmenterNode)
