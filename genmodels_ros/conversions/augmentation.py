"""The augmenter's requests in, its variants out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from genmodels_interfaces.msg import AugmentedImage as AugmentedImageMessage
from genmodels_interfaces.msg import ImageBoxes, Provenance
from genmodels_interfaces.srv import AugmentImages
from genmodels_ros.conversions.boxes import check_boxes
from genmodels_ros.conversions.images import declared_pixels, from_rgb, to_labels, to_rgb
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.augmentation import AugmentedImage


@dataclass(frozen=True)
class Source:
    """An image read: uint8 [H, W, 3] RGB, its labels [H, W], and the messages that go along unchanged."""

    header: Header
    image: np.ndarray
    labels: np.ndarray | None = None
    label_image: Image | None = None
    boxes: ImageBoxes | None = None


def to_source(image: Image | CompressedImage, label_image: Image | None = None, boxes: ImageBoxes | None = None):
    """The Source of one image. Raises GenModelsError: INVALID_IMAGE and UNKNOWN_ENCODING as conversions/images.py,
    LABEL_MISMATCH for labels of another size, NOT_FINITE for boxes."""
    rgb = to_rgb(image)
    labels = None if label_image is None else to_labels(label_image, rgb.shape[:2])
    return Source(image.header, rgb, labels, label_image, None if boxes is None else check_boxes(boxes))


def to_sources(request: AugmentImages.Request, max_images: int, max_megapixels: float) -> list[Source]:
    """The Source of each image, compressed ones last.

    Raises GenModelsError as `to_source`; LABEL_MISMATCH for labels or boxes of another number; INVALID_COUNT for no or
    too many images, or for variants with more pixels together than allowed. That is found before anything is decoded: a
    small file can hold a large picture.
    """
    messages = checked_images(request, max_images)
    labels = _one_each(request.label_images, messages, "label images")
    boxes = _one_each(request.boxes, messages, "sets of boxes")
    asked = max(1, request.count) * sum(declared_pixels(message) for message in messages) / 1e6
    if asked > max_megapixels:
        raise GenModelsError(
            ErrorCode.INVALID_COUNT,
            f"{asked:.0f} megapixels of variants are more than the {max_megapixels} allowed: ask for fewer.",
        )
    return [to_source(*parts) for parts in zip(messages, labels, boxes, strict=True)]


def checked_images(request, max_images: int) -> list[Image | CompressedImage]:
    """The request's images, compressed ones last. Raises GenModelsError(INVALID_COUNT) for none or too many."""
    messages = [*request.images, *request.compressed_images]
    if not 1 <= len(messages) <= max_images:
        raise GenModelsError(ErrorCode.INVALID_COUNT, f"Send 1 to {max_images} images, got {len(messages)}.")
    return messages


def _one_each(parts: Sequence, messages: Sequence, name: str) -> list:
    if parts and len(parts) != len(messages):
        raise GenModelsError(
            ErrorCode.LABEL_MISMATCH, f"{len(parts)} {name} for {len(messages)} images: send none, or one each."
        )
    return list(parts) or [None] * len(messages)


def to_provenance(source: Header, facts: dict) -> Provenance:
    """`facts` by the names of Provenance.msg; what it has no field for stays out."""
    known = Provenance.get_fields_and_field_types()
    return Provenance(source=source, **{name: value for name, value in facts.items() if name in known})


def to_variant(
    augmented: AugmentedImage, provenance: dict, source: Source, encoding: str = "rgb8"
) -> AugmentedImageMessage:
    """The message of one variant of `source`; a refused one carries no pixels."""
    message = AugmentedImageMessage(
        quality=augmented.quality,
        accepted=augmented.accepted,
        rejection_reason=augmented.rejection_reason,
        score_names=list(augmented.scores),
        scores=[float(score) for score in augmented.scores.values()],
        provenance=to_provenance(source.header, provenance),
    )
    if augmented.accepted:
        message.image = from_rgb(augmented.image, source.header, encoding)
        message.label_image = source.label_image or Image()
        message.boxes = source.boxes or ImageBoxes()
    return message
