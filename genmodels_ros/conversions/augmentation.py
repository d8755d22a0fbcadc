"""The augmenter's request in, its variants out."""

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from genmodels_interfaces.msg import AugmentedImage as AugmentedImageMessage
from genmodels_interfaces.msg import Provenance
from genmodels_interfaces.srv import AugmentImages
from genmodels_ros.conversions.images import from_rgb, to_labels, to_rgb
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.augmentation import AugmentedImage


def to_sources(request: AugmentImages.Request, max_images: int) -> list[tuple[Header, np.ndarray, Image | None]]:
    """(header, RGB uint8 [H, W, 3], its label message or None) of each image, compressed ones last.

    Raises GenModelsError: INVALID_COUNT for no or too many images; LABEL_MISMATCH for labels of another number or size;
    INVALID_IMAGE and UNKNOWN_ENCODING as conversions/images.py.
    """
    messages = [*request.images, *request.compressed_images]
    if not 1 <= len(messages) <= max_images:
        raise GenModelsError(ErrorCode.INVALID_COUNT, f"Send 1 to {max_images} images, got {len(messages)}.")
    labels = list(request.label_images) or [None] * len(messages)
    if len(labels) != len(messages):
        raise GenModelsError(
            ErrorCode.LABEL_MISMATCH, f"{len(labels)} label images for {len(messages)} images: send none, or one each."
        )
    sources = []
    for message, label in zip(messages, labels, strict=True):
        rgb = to_rgb(message)
        if label is not None:
            to_labels(label, rgb.shape[:2])
        sources.append((message.header, rgb, label))
    return sources


def to_variant(
    augmented: AugmentedImage, provenance: dict, source: Header, label: Image | None, encoding: str = "rgb8"
) -> AugmentedImageMessage:
    """The message of one variant of the image with header `source`; a refused one carries no pixels."""
    message = AugmentedImageMessage(
        quality=augmented.quality,
        accepted=augmented.accepted,
        rejection_reason=augmented.rejection_reason,
        provenance=Provenance(source=source, **provenance),
    )
    if augmented.accepted:
        message.image = from_rgb(augmented.image, source, encoding)
        message.label_image = label or Image()
    return message
