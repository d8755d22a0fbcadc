"""Boxes in a bag: a detector's or an annotator's vision_msgs/Detection2DArray, or this package's own ImageBoxes."""

from collections.abc import Iterator

from genmodels_ros.data import rosbag
from genmodels_ros.data.detections import likeliest
from genmodels_ros.data.labelled_images import Category, Instance

TYPES = ("vision_msgs/msg/Detection2DArray", "genmodels_interfaces/msg/ImageBoxes")


def categories_of(bag, topic: str | None) -> tuple[Category, ...]:
    """The classes named on `topic`, in the order of their names; goes through its messages once."""
    connections = [connection for connection in bag.connections if connection.topic == topic]
    for connection in connections:
        rosbag.learn_type(connection)
    messages = bag.messages(connections=connections) if connections else ()
    names = {
        name
        for connection, _, raw in messages
        for name, *_ in _boxes(rosbag.deserialize(raw, connection.msgtype))
    }  # fmt: skip
    return tuple(Category(number, name) for number, name in enumerate(sorted(names)))


def instances_of(message, categories: tuple[Category, ...]) -> tuple[Instance, ...]:
    """The boxes of one message. Raises GenModelsError(LABEL_MISMATCH) for numbers that are no box."""
    ids = {category.name: category.id for category in categories}
    return tuple(Instance.around(ids[name], *place) for name, *place in _boxes(message))


def _boxes(message) -> Iterator[tuple[str, tuple[float, float], tuple[float, float], float]]:
    """Class, centre, size and turn of each."""
    for box in getattr(message, "boxes", ()):
        yield box.class_id, (box.center_x, box.center_y), (box.size_x, box.size_y), box.theta
    for detection in getattr(message, "detections", ()):
        center, box = detection.bbox.center, detection.bbox
        place = (center.position.x, center.position.y), (box.size_x, box.size_y), center.theta
        yield (likeliest(detection)[0], *place)
