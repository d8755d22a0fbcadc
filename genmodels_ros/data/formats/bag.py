"""rosbag2 folders (MCAP or SQLite), read for augmentation: images with labels, boxes and calibration of their stamp.

Headers stay exact, to the nanosecond. formats/bag_topics.py says how the topics are found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genmodels_ros.data import rosbag
from genmodels_ros.data.formats.bag_boxes import categories_of, instances_of
from genmodels_ros.data.formats.bag_labels import to_labels
from genmodels_ros.data.formats.bag_topics import CameraTopics, choose_topics
from genmodels_ros.data.labelled_images import Category, ImageSource, SourceImage
from genmodels_ros.data.recordings import bad_recording
from genmodels_ros.errors import ErrorCode, GenModelsError

WAITING = 32  # images kept until labels and boxes of their stamp come


@dataclass(frozen=True)
class BagFrame:
    """What a bag keeps of an image: its header, when it came [ns], whether compressed, messages of its calibration and
    boxes."""

    header: Any
    received: int
    compressed: bool
    camera_info: Any = None
    boxes: Any = None
    command: tuple[float, float] | None = None  # the last one before the image: forward [m/s], turning [rad/s]


def is_bag(path: Path) -> bool:
    return (path / "metadata.yaml").exists() or any(path.glob("*.mcap")) or any(path.glob("*.db3"))


def read_bag(path: Path, topic: str | None = None) -> ImageSource:
    """Images of `topic`, or of the camera with most. Raises GenModelsError: INVALID_IMAGE if there is none,
    NO_OBSERVATION for a bag that cannot be read."""
    try:
        with rosbag.open_bag(path) as bag:
            topics = choose_topics(bag, path, topic)
            count = sum(c.msgcount for c in bag.connections if c.topic == topics.image)
            categories = categories_of(bag, topics.boxes)
    except rosbag.errors() as error:
        raise bad_recording(path, f"the bag cannot be read ({error}); copy or reindex it.") from error
    header = {name: getattr(topics, name) for name in ("image", "labels", "boxes", "camera_info")}
    return ImageSource(
        count,
        lambda: _images(path, topics, categories),
        format="bag",
        categories=categories,
        header=header,
        notes=lambda: topics.notes,
    )


def _images(path: Path, topics: CameraTopics, categories: tuple[Category, ...]) -> Iterator[SourceImage]:
    """In the bag's order; an image with labels and boxes comes once all are there."""
    waiting, partners, number = {}, {}, 0  # by stamp: (name, message, frame), {topic: message}
    info, command = topics.first_info, None

    def complete(stamp) -> SourceImage:
        return _source_image(path, topics, categories, *waiting.pop(stamp), partners.pop(stamp, {}))

    try:
        with rosbag.open_bag(path) as bag:
            wanted = [connection for connection in bag.connections if connection.topic in topics.names]
            for connection in wanted:
                rosbag.learn_type(connection)
            for connection, received, raw in bag.messages(connections=wanted):
                message = rosbag.deserialize(raw, connection.msgtype)
                if connection.topic == topics.camera_info:
                    info = message
                    continue
                if connection.topic == topics.command:
                    twist = getattr(message, "twist", message)
                    command = float(twist.linear.x), float(twist.angular.z)
                    continue
                stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
                if connection.topic == topics.image:
                    if stamp in waiting:  # two images of one stamp: the first was not complete in time
                        yield complete(stamp)
                    frame = BagFrame(
                        message.header, received, connection.msgtype.endswith("CompressedImage"), info, command=command
                    )
                    waiting[stamp] = (f"frame_{number:06d}", message, frame)
                    number += 1
                else:
                    partners.setdefault(stamp, {})[connection.topic] = message
                if stamp in waiting and partners.get(stamp, {}).keys() >= topics.partners:
                    yield complete(stamp)
                if len(waiting) > WAITING:
                    yield complete(next(iter(waiting)))
                if len(partners) > WAITING:
                    del partners[next(iter(partners))]
    except rosbag.errors() as error:
        yield SourceImage(path.name, str(path), problem=f"The bag ends here, damaged ({error}): reindex it.")
    yield from [complete(stamp) for stamp in list(waiting)]


def _source_image(
    path: Path,
    topics: CameraTopics,
    categories: tuple[Category, ...],
    name: str,
    message,
    frame: BagFrame,
    partners: dict[str, Any],
) -> SourceImage:
    origin, stamp = f"{path} {topics.image}", rosbag.stamp_of(message, frame.received * 1e-9)
    label, boxes = partners.get(topics.labels), partners.get(topics.boxes)
    try:
        if missing := sorted(topics.partners - partners.keys()):
            raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"No message on {missing[0]} has its stamp.")
        image = rosbag.to_rgb(path, message, "CompressedImage" if frame.compressed else "Image")
        labels = None if label is None else to_labels(label)
        if labels is not None and labels.shape != image.shape[:2]:
            raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"Its labels are {labels.shape}, the image {image.shape}.")
        instances = () if boxes is None else instances_of(boxes, categories)
    except (GenModelsError, ValueError) as error:
        return SourceImage(name, origin, stamp, problem=str(error))
    return SourceImage(
        name, origin, stamp, image, labels, instances=instances, command=frame.command,
        native=replace(frame, boxes=boxes),
    )  # fmt: skip
