"""Which topics of a bag are the camera, its labels, its boxes, its calibration and the commands that went with it.

Found by type, content and name: the camera is the topic with most messages among those that carry pictures; label
images show by their encoding (mono16, 16UC1, 32SC1, 8UC1) or by a name that says so, where they have one channel or, as
Gazebo sends them, three equal ones; of several the one is taken whose name shares most with the camera's. Depth images
are neither.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genmodels_ros.data import rosbag
from genmodels_ros.data.formats.bag_boxes import TYPES as BOXES
from genmodels_ros.data.formats.bag_labels import is_grey
from genmodels_ros.data.image_codec import invalid
from genmodels_ros.data.raw_images import LABEL_TYPES

_LABELS_ONLY = LABEL_TYPES.keys() - {"mono8"}
_DEPTH_WORDS = ("depth", "disparity", "range")
_LABEL_WORDS = ("label", "mask", "segment", "semantic", "instance")
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


@dataclass(frozen=True)
class CameraTopics:
    """Names of topics; `first_info` is the first CameraInfo message, for images that come before it."""

    image: str
    labels: str | None = None
    boxes: str | None = None
    camera_info: str | None = None
    command: str | None = None
    first_info: Any = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> set[str]:
        return {self.image, *self.partners, self.camera_info, self.command} - {None}

    @property
    def partners(self) -> set[str]:
        """What an image has to have of its own stamp."""
        return {self.labels, self.boxes} - {None}


def choose_topics(bag, path: Path, wanted: str | None = None) -> CameraTopics:
    """Those around the camera `wanted`, or the busiest one. Raises GenModelsError(INVALID_IMAGE) if there is none."""
    cameras, labels, boxes, infos, commands = {}, [], [], {}, {}
    for connection in bag.connections:
        if connection.msgtype == _CAMERA_INFO and connection.msgcount:
            infos[connection.topic] = _first(bag, connection)
        elif connection.msgtype in rosbag.COMMAND:
            commands[connection.topic] = commands.get(connection.topic, 0) + connection.msgcount
        elif connection.msgtype in BOXES and connection.msgcount:
            boxes.append(connection.topic)
        elif connection.msgtype in rosbag.IMAGE and connection.msgcount:
            first = _first(bag, connection)
            if connection.topic != wanted and _shows_labels(connection.topic, first):
                labels.append(connection.topic)
            elif connection.topic == wanted or not _shows_depth(connection.topic, _encoding(first)):
                cameras[connection.topic] = cameras.get(connection.topic, 0) + connection.msgcount
    if wanted is not None and wanted not in cameras:
        raise invalid(f"{path} has no images on {wanted!r}; image topics: {', '.join(cameras) or 'none'}.")
    ranked = [wanted] if wanted else sorted(cameras, key=lambda name: (_named_labels(name), -cameras[name], name))
    if not ranked:
        kinds = ", ".join(sorted({connection.topic for connection in bag.connections})) or "none"
        raise invalid(f"{path} has no Image topic with pictures (topics: {kinds}).")
    image = ranked[0]
    label, box, info = (_nearest(image, topics) for topics in (labels, boxes, list(infos)))
    left = sorted({*cameras, *labels, *boxes} - {image, label, box})
    notes = (f"topic {image} taken, {', '.join(left)} left: choose with --topic",) if left else ()
    command = max(sorted(commands), key=commands.get, default=None)
    return CameraTopics(image, label, box, info, command, infos.get(info), notes)


def _first(bag, connection):
    _, _, raw = next(iter(bag.messages(connections=[connection])))
    return rosbag.deserialize(raw, connection.msgtype)


def _encoding(message) -> str:
    """Empty for compressed images."""
    return getattr(message, "encoding", "")


def _shows_labels(topic: str, message) -> bool:
    encoding = _encoding(message)
    if _named_labels(topic):
        return encoding in {*_LABELS_ONLY, "mono8", ""} or (encoding == "rgb8" and is_grey(message))
    return encoding in _LABELS_ONLY and not _shows_depth(topic, encoding)


def _named_labels(topic: str) -> bool:
    return any(word in topic.lower() for word in _LABEL_WORDS)


def _shows_depth(topic: str, encoding: str) -> bool:
    return any(word in topic.lower() for word in _DEPTH_WORDS) or encoding.startswith(("32F", "64F"))


def _nearest(image: str, topics: list[str]) -> str | None:
    """The topic that shares most of its beginning with the image's."""
    parts = image.split("/")

    def shared(topic: str) -> int:
        return next((n for n, (a, b) in enumerate(zip(parts, topic.split("/"), strict=False)) if a != b), len(parts))

    return max(sorted(topics), key=shared, default=None)
