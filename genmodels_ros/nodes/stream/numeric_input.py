"""`input`: any message as rows of numbers, none lost between a fast topic and a model that takes many at once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import Header

from genmodels_ros.conversions.numeric_fields import NumericFields, message_type
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.rate_limit import RateLimit

SENSOR = QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT)  # hears publishers of either reliability
MOST = 5000  # rows that wait; then the oldest is dropped and counted


@dataclass(frozen=True)
class Rows:
    """Numbers [N, D] of messages at stamps [N] s, with their headers."""

    stamps: np.ndarray
    rows: np.ndarray
    headers: list[Header]


class NumericInput:
    """Made on configure, which refuses a type or a path that does not exist."""

    PARAMETERS = (
        Parameter("input_type", "sensor_msgs/msg/JointState", "Type of the topic input", load_time=True),
        Parameter(
            "fields",
            [""],
            "Paths of its numbers, like position, effort[3], ranges[::15], twist.twist.linear.x; empty: those of the "
            "checkpoint, or all",
            load_time=True,
        ),
        Parameter(
            "infinity", 0.0, "What infinity counts as, like a lidar's range_max; 0: as missing", range=(0.0, 1e9),
            load_time=True,
        ),
        Parameter("max_rate", 0.0, "Most rows a second that are judged; 0: all", "Hz", range=(0.0, 10000.0)),
    )  # fmt: skip

    def __init__(self, node: ManagedNode, known: tuple[str, ...] | None):
        """known: labels of the checkpoint, which then are what is read."""
        self._node, self._kind, self._known = node, message_type(node.value("input_type")), known
        self._paths = [path for path in node.value("fields") if path.strip()]
        self._limit, self.others, self.overrun = RateLimit(), 0, 0
        self._fields = self._reader()

    def activate(self, process: Callable[[Rows], None]) -> None:
        """Calls process(rows) in the node's worker, with all that has come since the last call."""
        self._lock, self._waiting, self._woken = threading.Lock(), [], False
        self.arrival: float | None = None  # of the last row, monotonic s
        self._process = process
        self._slot = self._node.add_worker(self._take)
        self._node.add_subscription(self._kind, "input", self.receive, SENSOR, overridable=True)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Names of the numbers, once the first message has come."""
        return self._fields.labels

    def receive(self, message) -> None:
        now = time.monotonic()
        if not self._limit.passes(now, self._node.value("max_rate")):
            return
        row = self._fields.read(message)
        if row is None:
            self.others += 1
            return
        if self._known is not None and self._fields.labels != self._known:
            found, self._fields = self._fields.labels, self._reader()
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH,
                f"The model knows {len(self._known)} numbers, {self._known[0]} first, the message has {len(found)}, "
                f"{found[0]} first: leave `fields` empty, or learn anew.",
            )
        stamped = getattr(message, "header", None)
        if not isinstance(stamped, Header) or not (stamped.stamp.sec or stamped.stamp.nanosec):
            stamped = header(getattr(stamped, "frame_id", ""), self._node.get_clock().now().nanoseconds * 1e-9)
        with self._lock:
            self.arrival = now
            self._waiting.append((to_seconds(stamped.stamp), row, stamped))
            if len(self._waiting) > MOST:
                self._waiting.pop(0)
                self.overrun += 1
            wake, self._woken = not self._woken, True
        if wake:
            self._slot.put(True)

    def _take(self, _) -> None:
        with self._lock:
            waiting, self._waiting, self._woken = self._waiting, [], False
        if waiting:
            stamps, rows, headers = zip(*waiting, strict=True)
            self._process(Rows(np.array(stamps), np.array(rows), list(headers)))

    def _reader(self) -> NumericFields:
        return NumericFields(self._kind, self._paths or list(self._known or ()), self._node.value("infinity"))
