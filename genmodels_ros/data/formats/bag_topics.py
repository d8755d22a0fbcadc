"""Which topics of a bag are the camera, its labels, its calibration and the commands that went with it.

Found by type, content and name: the camera is the topic with most messages among those that carry pictures; label
images show by their encoding (mono16, 16UC1, 32SC1, 8UC1) or by a name that says so; of several the one is taken whose
name shares most with the camera's. Depth images are neither.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genmodels_ros.data import rosbag
from genmodels_ros.data.image_codec import invalid

_LABELS_ONLY = {"8UC1", "mono16", "16UC1", "32SC1"}
_DEPTH_WORDS = ("depth", "disparity", "range")
_LABEL_WORDS = ("label", "mask", "segment", "semantic", "instance")
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"


@dataclass(frozen=True)
class CameraTopics:
    """Names of topics; `first_info` is the first CameraInfo message, for images that come before it."""

    image: str
    labels: str | None = None
    camera_info: str | None = None
    command: str | None = None
    first_info: Any = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> set[str]:
        return {self.image, self.labels, self.camera_info, self.command} - {None}


def choose_topics(bag, path: Path, wanted: str | None = None) -> CameraTopics:
    """Those around the camera `wanted`, or the busiest one. Raises GenModelsError(INVALID_IMAGE) if there is none."""
    cameras, labels, infos, commands = {}, [], {}, {}
    for connection in bag.connections:
        if connection.msgtype == _CAMERA_INFO and connection.msgcount:
            infos[connection.topic] = _first(bag, connection)
        elif connection.msgtype in rosbag.COMMAND:
            commands[connection.topic] = commands.get(connection.topic, 0) + connection.msgcount
        elif connection.msgtype in rosbag.IMAGE and connection.msgcount:
            encoding = getattr(_first(bag, connection), "encoding", None)
            if connection.topic != wanted and _shows_labels(connection.topic, encoding):
                labels.append(connection.topic)
            elif connection.topic == wanted or not _shows_depth(connection.topic, encoding):
                cameras[connection.topic] = cameras.get(connection.topic, 0) + connection.msgcount
    if wanted is not None and wanted not in cameras:
        raise invalid(f"{path} has no images on {wanted!r}; image topics: {', '.join(cameras) or 'none'}.")
    ranked = [wanted] if wanted else sorted(cameras, key=lambda name: (-cameras[name], name))
    if not ranked:
        kinds = ", ".join(sorted({connection.topic for connection in bag.connections})) or "none"
        raise invalid(f"{path} has no Image topic with pictures (topics: {kinds}).")
    image = ranked[0]
    label, info = _nearest(image, labels), _nearest(image, list(infos))
    left = sorted({*cameras, *labels} - {image, label})
    notes = (f"topic {image} taken, {', '.join(left)} left: choose with --topic",) if left else ()
    command = max(sorted(commands), key=commands.get, default=None)
    return CameraTopics(image, label, info, command, infos.get(info), notes)


def _first(bag, connection):
    _, _, raw = next(iter(bag.messages(connections=[connection])))
    return rosbag.deserialize(raw, connection.msgtype)


def _shows_labels(topic: str, encoding: str | None) -> bool:
    """`encoding` is None for compressed images."""
    named = any(word in topic.lower() for word in _LABEL_WORDS)
    return (named and encoding in {*_LABELS_ONLY, "mono8", None}) or (
        encoding in _LABELS_ONLY and not _shows_depth(topic, encoding)
    )


def _shows_depth(topic: str, encoding: str | None) -> bool:
    return any(word in topic.lower() for word in _DEPTH_WORDS) or (encoding or "").startswith(("32F", "64F"))


def _nearest(image: str, topics: list[str]) -> str | None:
    """The topic that shares most of its beginning with the image's."""
    parts = image.split("/")

    def shared(topic: str) -> int:
        return next((n for n, (a, b) in enumerate(zip(parts, topic.split("/"), strict=False)) if a != b), len(parts))

    return max(sorted(topics), key=shared, default=None)
