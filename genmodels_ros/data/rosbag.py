"""rosbag2 folders (MCAP or SQLite), read without ROS through the rosbags library.

Topics are found by their type, so that remapped bags work: LaserScan, Odometry, Twist and TwistStamped, Image and
CompressedImage. Of several topics of a type the one with most messages is taken, and a note names those left. Header
stamps are used, a bag's receive time only where a message has none.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genmodels_ros.data import raw_images
from genmodels_ros.data.image_codec import decode
from genmodels_ros.data.recordings import Command, Odometry, Recording, Scan, StampedImage, bad_recording
from genmodels_ros.errors import GenModelsError

SCAN, ODOMETRY = ("sensor_msgs/msg/LaserScan",), ("nav_msgs/msg/Odometry",)
COMMAND = ("geometry_msgs/msg/Twist", "geometry_msgs/msg/TwistStamped")
IMAGE = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


def read_rosbag(path: Path) -> Recording:
    """The sensors in the bag. Raises GenModelsError(NO_OBSERVATION) if damaged or without scans and images."""
    try:
        with open_bag(path) as bag:
            return _read(path, bag)
    except errors() as error:
        raise bad_recording(path, f"the bag cannot be read ({error}); copy or reindex it.") from error


def _read(path: Path, bag) -> Recording:
    chosen, notes = _choose_topics(bag)
    if SCAN not in chosen and IMAGE not in chosen:
        topics = ", ".join(sorted({connection.topic for connection in bag.connections})) or "none"
        raise bad_recording(path, f"no LaserScan and no Image topic (topics: {topics}).")
    streams, broken = {SCAN: [], ODOMETRY: [], COMMAND: []}, 0
    wanted = [connection for kind in streams if kind in chosen for connection in chosen[kind]]
    for connection, received, raw in bag.messages(connections=wanted) if wanted else ():
        kind = next(kind for kind in streams if connection.msgtype in kind)
        try:
            item = _CONVERT[kind](deserialize(raw, connection.msgtype), received * 1e-9)
        except (ValueError, AssertionError, IndexError, KeyError):
            item = None
        if item is None:
            broken += 1
        else:
            streams[kind].append(item)
    if broken:
        notes.append(f"{broken} malformed messages skipped")
    ordered = {kind: tuple(sorted(items, key=lambda item: item.stamp)) for kind, items in streams.items()}
    images = chosen.get(IMAGE, [])
    return Recording(
        "rosbag",
        path,
        ordered[SCAN],
        ordered[ODOMETRY],
        ordered[COMMAND],
        num_images=sum(connection.msgcount for connection in images),
        images=lambda: _images(path, {connection.topic for connection in images}),
        notes=tuple(notes),
    )


def _choose_topics(bag) -> tuple[dict, list[str]]:
    chosen, notes = {}, []
    for kind in (SCAN, ODOMETRY, COMMAND, IMAGE):
        topics = {}
        for connection in bag.connections:
            if connection.msgtype in kind:
                topics.setdefault(connection.topic, []).append(connection)
        counts = {topic: sum(c.msgcount for c in connections) for topic, connections in topics.items()}
        ranked = sorted(counts, key=lambda topic: (-counts[topic], topic))
        if ranked and counts[ranked[0]]:
            chosen[kind] = topics[ranked[0]]
            if len(ranked) > 1:
                notes.append(f"topic {ranked[0]} taken, {', '.join(ranked[1:])} left")
    return chosen, notes


def _scan(message, received: float) -> Scan | None:
    ranges = np.asarray(message.ranges, dtype=np.float32)
    numbers = [message.angle_min, message.angle_increment, message.range_min, message.range_max]
    if len(ranges) < 2 or not np.isfinite(numbers).all() or message.angle_increment == 0 or message.range_max <= 0:
        return None
    return Scan(stamp_of(message, received), ranges, *(float(value) for value in numbers))


def _odometry(message, received: float) -> Odometry | None:
    position, q = message.pose.pose.position, message.pose.pose.orientation
    yaw = np.arctan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    pose = np.array([position.x, position.y, yaw])
    twist = np.array([message.twist.twist.linear.x, message.twist.twist.angular.z])
    finite = np.isfinite(pose).all() and np.isfinite(twist).all()
    return Odometry(stamp_of(message, received), pose, twist) if finite else None


def _command(message, received: float) -> Command | None:
    inner = getattr(message, "twist", message)
    twist = np.array([inner.linear.x, inner.angular.z])
    return Command(stamp_of(message, received), twist) if np.isfinite(twist).all() else None


_CONVERT = {SCAN: _scan, ODOMETRY: _odometry, COMMAND: _command}


def stamp_of(message, received: float) -> float:
    """[s] of the header, or when it was `received` if it has none."""
    header = getattr(message, "header", None)
    stamp = header.stamp.sec + header.stamp.nanosec * 1e-9 if header is not None else 0.0
    return stamp if stamp > 0 else received


def _images(path: Path, topics: set[str]) -> Iterator[StampedImage]:
    """Decodes one image after the other; those in an encoding this reader does not know are an error that says so."""
    try:
        with open_bag(path) as bag:
            connections = [c for c in bag.connections if c.topic in topics and c.msgtype in IMAGE]
            for connection, received, raw in bag.messages(connections=connections) if connections else ():
                message = deserialize(raw, connection.msgtype)
                yield StampedImage(stamp_of(message, received * 1e-9), to_rgb(path, message, connection.msgtype))
    except errors() as error:
        raise bad_recording(path, f"the bag cannot be read ({error}); copy or reindex it.") from error


def to_rgb(path: Path, message, msgtype: str) -> np.ndarray:
    """uint8 [H, W, 3]; raises GenModelsError(NO_OBSERVATION) for encodings it does not know and truncated data."""
    try:
        return decode(bytes(message.data)) if msgtype.endswith("CompressedImage") else raw_images.to_rgb(message)
    except GenModelsError as error:
        raise bad_recording(path, f"an image cannot be read. {error.message}") from error


def open_bag(path: Path):
    """A reader, to be used in `with`; what a damaged bag makes it raise is in `errors()`."""
    from rosbags.rosbag2 import Reader

    return Reader(path)


def deserialize(raw: bytes, msgtype: str):
    return store().deserialize_cdr(raw, msgtype)


def store():
    """The message types of ROS 2 Jazzy."""
    global _typestore
    if _typestore is None:
        from rosbags.typesys import Stores, get_typestore

        _typestore = get_typestore(Stores.ROS2_JAZZY)
    return _typestore


_typestore = None


def learn_type(connection) -> None:
    """Adds a type that is not Jazzy's own, as the bag itself defines it. Raises ValueError if the bag does not."""
    from rosbags.interfaces import MessageDefinitionFormat
    from rosbags.typesys import TypesysError, get_types_from_idl, get_types_from_msg

    if connection.msgtype in store().types:
        return
    try:
        if connection.msgdef.format == MessageDefinitionFormat.IDL:
            types = get_types_from_idl(connection.msgdef.data)
        else:
            types = get_types_from_msg(connection.msgdef.data, connection.msgtype)
        store().register({name: fields for name, fields in types.items() if name not in store().types})
    except TypesysError as error:
        raise ValueError(f"no definition of {connection.msgtype} in the bag: {error}") from error
    if connection.msgtype not in store().types:
        raise ValueError(f"no definition of {connection.msgtype} in the bag")


def errors() -> tuple[type[Exception], ...]:
    """What a damaged bag raises; the library's own errors are its, SQLite's and the decompressors'."""
    import sqlite3

    from rosbags.rosbag2 import ReaderError

    return (ReaderError, OSError, EOFError, sqlite3.Error, AssertionError, ValueError, KeyError, IndexError)
