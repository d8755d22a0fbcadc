"""rosbag2 folders (MCAP or SQLite), read for augmentation: images with the labels and calibration of their stamp.

Headers stay exact, to the nanosecond. formats/bag_topics.py says how the topics are found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genmodels_ros.data import rosbag
from genmodels_ros.data.formats.bag_topics import CameraTopics, choose_topics
from genmodels_ros.data.image_codec import decode, invalid
from genmodels_ros.data.labelled_images import ImageSource, SourceImage
from genmodels_ros.data.recordings import bad_recording
from genmodels_ros.errors import ErrorCode, GenModelsError

LABEL_TYPES = {"mono8": "u1", "8UC1": "u1", "mono16": "u2", "16UC1": "u2", "32SC1": "i4"}
WAITING = 32  # images kept until the labels of their stamp come


@dataclass(frozen=True)
class BagFrame:
    """What a bag keeps of an image: its header, when it came [ns], whether compressed, its CameraInfo message."""

    header: Any
    received: int
    compressed: bool
    camera_info: Any = None
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
    except rosbag.errors() as error:
        raise bad_recording(path, f"the bag cannot be read ({error}); copy or reindex it.") from error
    header = {"image": topics.image, "labels": topics.labels, "camera_info": topics.camera_info}
    return ImageSource(count, lambda: _images(path, topics), format="bag", header=header, notes=lambda: topics.notes)


def _images(path: Path, topics: CameraTopics) -> Iterator[SourceImage]:
    """In the bag's order; an image with labels comes once both are there."""
    waiting, labels, number = {}, {}, 0
    info, command = topics.first_info, None
    try:
        with rosbag.open_bag(path) as bag:
            wanted = [connection for connection in bag.connections if connection.topic in topics.names]
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
                    if stamp in waiting:  # two images of one stamp: the first had no labels in time
                        yield _source_image(path, topics, *waiting.pop(stamp), None)
                    frame = BagFrame(
                        message.header, received, connection.msgtype.endswith("CompressedImage"), info, command
                    )
                    waiting[stamp] = (f"frame_{number:06d}", message, frame)
                    number += 1
                else:
                    labels[stamp] = message
                if stamp in waiting and (topics.labels is None or stamp in labels):
                    yield _source_image(path, topics, *waiting.pop(stamp), labels.pop(stamp, None))
                if len(waiting) > WAITING:
                    yield _source_image(path, topics, *waiting.pop(next(iter(waiting))), None)
                if len(labels) > WAITING:
                    del labels[next(iter(labels))]
    except rosbag.errors() as error:
        yield SourceImage(path.name, str(path), problem=f"The bag ends here, damaged ({error}): reindex it.")
    yield from (_source_image(path, topics, *entry, None) for entry in waiting.values())


def _source_image(path: Path, topics: CameraTopics, name: str, message, frame: BagFrame, label) -> SourceImage:
    origin, stamp = f"{path} {topics.image}", rosbag.stamp_of(message, frame.received * 1e-9)
    try:
        if topics.labels is not None and label is None:
            raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"No image on {topics.labels} has its stamp.")
        image = rosbag.to_rgb(path, message, "CompressedImage" if frame.compressed else "Image")
        labels = None if label is None else _to_labels(label)
        if labels is not None and labels.shape != image.shape[:2]:
            raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"Its labels are {labels.shape}, the image {image.shape}.")
    except (GenModelsError, ValueError) as error:
        return SourceImage(name, origin, stamp, problem=str(error))
    return SourceImage(name, origin, stamp, image, labels, command=frame.command, native=frame)


def _to_labels(message) -> np.ndarray:
    """uint8, uint16 or int32 [H, W], values untouched."""
    if not hasattr(message, "encoding"):
        return decode(bytes(message.data), as_labels=True)
    if message.encoding not in LABEL_TYPES:
        raise GenModelsError(
            ErrorCode.UNKNOWN_ENCODING, f"Labels are encoded as {message.encoding!r}: use mono8, mono16 or 32SC1."
        )
    dtype = np.dtype(LABEL_TYPES[message.encoding]).newbyteorder(">" if message.is_bigendian else "<")
    row = message.width * dtype.itemsize
    data = np.frombuffer(bytes(message.data), np.uint8)
    if message.step < row or len(data) < message.step * message.height or not data.size:
        raise invalid("The label image is truncated.")
    rows = data[: message.step * message.height].reshape(message.height, message.step)[:, :row]
    return np.ascontiguousarray(rows).view(dtype).astype(dtype.newbyteorder("="))
