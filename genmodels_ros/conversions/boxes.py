"""Boxes around things in an image: checked, never changed, for an augmented image has its source's geometry."""

import math
from collections.abc import Sequence

from genmodels_interfaces.msg import ImageBox, ImageBoxes
from genmodels_ros.data.detections import likeliest
from genmodels_ros.data.labelled_images import Instance
from genmodels_ros.errors import ErrorCode, GenModelsError

_NUMBERS = ("center_x", "center_y", "size_x", "size_y", "theta", "score")


def check_boxes(message: ImageBoxes) -> ImageBoxes:
    """The message itself. Raises GenModelsError: NOT_FINITE, or LABEL_MISMATCH for a negative size."""
    for number, box in enumerate(message.boxes):
        if not all(math.isfinite(getattr(box, name)) for name in _NUMBERS):
            raise GenModelsError(ErrorCode.NOT_FINITE, f"Box {number} holds NaN or infinity: send finite numbers.")
        if min(box.size_x, box.size_y) < 0:
            raise GenModelsError(
                ErrorCode.LABEL_MISMATCH, f"Box {number} is {box.size_x} x {box.size_y} pixels: a size is at least 0."
            )
    return message


def to_instances(message: ImageBoxes, classes: Sequence[str]) -> tuple[Instance, ...]:
    """The boxes whose class is one of `classes`, numbered by its place there. Raises as `check_boxes`."""
    return tuple(
        Instance.around(classes.index(box.class_id), (box.center_x, box.center_y), (box.size_x, box.size_y), box.theta)
        for box in check_boxes(message).boxes
        if box.class_id in classes
    )


def from_detections(message) -> ImageBoxes:
    """The boxes of a vision_msgs/Detection2DArray, each with its likeliest class; needs no vision_msgs itself."""
    boxes = []
    for detection in message.detections:
        class_id, score = likeliest(detection)
        center = detection.bbox.center
        boxes.append(
            ImageBox(
                class_id=class_id,
                score=score,
                id=detection.id,
                center_x=center.position.x,
                center_y=center.position.y,
                theta=center.theta,
                size_x=detection.bbox.size_x,
                size_y=detection.bbox.size_y,
            )
        )
    return ImageBoxes(header=message.header, boxes=boxes)
