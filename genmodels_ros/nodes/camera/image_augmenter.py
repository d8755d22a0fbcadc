"""Synthetic images with their labels from a live camera: every frame again in another light, weather or sensor."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genmodels_interfaces.msg import AugmentedImage as AugmentedImageMessage
from genmodels_ros.conversions.augmentation import Source, to_source, to_variant
from genmodels_ros.nodes.camera.augmenter_services import AugmenterServices
from genmodels_ros.nodes.camera.camera_frames import CameraFrame, CameraFrames
from genmodels_ros.nodes.camera.style_grid import StyleGrid
from genmodels_ros.nodes.camera.style_reference import Reference, StyleReference
from genmodels_ros.nodes.camera.synthetic_frames import MAX_VARIANTS, SyntheticFrames
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.rate_limit import RateLimit
from genmodels_ros.pipelines.camera.augmentation import RANDOM, ImageAugmenter
from genmodels_ros.pipelines.camera.quality_gate import MODES

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
        Parameter(
            "gate",
            MODES[0],
            "What a variant must pass: its structure, or all checks there are",
            choices=MODES,
            load_time=True,
        ),
        *CameraFrames.PARAMETERS,
        *StyleReference.PARAMETERS,
        *SyntheticFrames.PARAMETERS,
        *StyleGrid.PARAMETERS,
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
        self.output, self.grid = SyntheticFrames(self), StyleGrid(self)

    def load(self, checkpoint: Path, device: str, precision: str) -> ImageAugmenter:
        options = {name: self.value(name) for name in ("mark", "gate")}
        return ImageAugmenter.from_checkpoint(checkpoint, device=device, precision=precision, **options)

    def warm_up(self) -> None:
        self.pipeline.augment(np.zeros((240, 320, 3), np.uint8))

    def activate(self) -> None:
        self.reference.activate()
        self._newest = self.add_worker(self.process)
        self.frames.activate(self.receive)

    def cleanup(self) -> None:
        self.requests.forget()
        super().cleanup()

    def details(self) -> dict[str, str]:
        counts = {
            "rejected": self.rejections.total(),
            **{f"rejected: {reason}": count for reason, count in dict(self.rejections).items()},
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
                info = self.frames.info(frame.header)  # now: many drivers send it after the image
                self.output.publish(variant, info, frame.labels is not None, frame.boxes is not None)
            else:
                self.rejections[NUMBER.sub("N", variant.rejection_reason)] += 1
        self.grid.show(source)

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


main = main_for(ImageAugmenterNode)
