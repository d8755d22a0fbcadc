"""Records topics into a rosbag2 recording with MCAP storage, as `ros2 bag record -s mcap` would.

rosbag2 itself is not to be had as a wheel; the `rosbags` library writes the same format. Messages are taken as the
bytes that came over DDS, so nothing is lost in a conversion.
"""

import threading
import time
from pathlib import Path

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import genmodels_interfaces


def typestore():
    """Jazzy's message types and ours, the latter read from the installed definitions."""
    store = get_typestore(Stores.ROS2_JAZZY)
    # The definitions lie in the share folder of the prefix the Python module was installed into.
    prefixes = Path(genmodels_interfaces.__file__).parents
    folder = next(p for prefix in prefixes if (p := prefix / "share" / "genmodels_interfaces" / "msg").is_dir())
    definitions = {}
    for path in folder.glob("*.msg"):
        definitions.update(get_types_from_msg(path.read_text(), f"genmodels_interfaces/msg/{path.stem}"))
    store.register(definitions)
    return store


class Recorder:
    """Writes every message of the given topics until closed.

    topics: {name: (message class, QoS, least seconds between two messages kept; 0 keeps all)}
    """

    def __init__(self, node: Node, path: Path, topics: dict):
        self._lock = threading.Lock()
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self._open = True
        self._last = {}
        self.counts = {}
        store = typestore()
        group = ReentrantCallbackGroup()
        for name, (message_class, qos, period) in topics.items():
            package, kind = message_class.__module__.split(".")[0], message_class.__name__
            connection = self._writer.add_connection(f"/{name}", f"{package}/msg/{kind}", typestore=store)
            node.create_subscription(
                message_class,
                name,
                lambda data, name=name, connection=connection, period=period: self._write(
                    name, connection, period, data
                ),
                qos,
                callback_group=group,
                raw=True,
            )

    def _write(self, name, connection, period, data):
        now = time.time_ns()
        with self._lock:
            if not self._open or now - self._last.get(name, 0) < period * 1e9:
                return
            self._last[name] = now
            self.counts[name] = self.counts.get(name, 0) + 1
            self._writer.write(connection, now, data)

    def close(self):
        """Finishes the files; messages that come later are ignored."""
        with self._lock:
            if self._open:
                self._open = False
                self._writer.close()
