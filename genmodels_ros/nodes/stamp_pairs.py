"""Messages of several topics brought together by their stamps."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Collection

from genmodels_ros.conversions.stamps import to_seconds


class Recent:
    """The last messages of a topic. Thread-safe."""

    def __init__(self, size: int):
        self._messages = deque(maxlen=size)
        self._lock = threading.Lock()

    def add(self, message) -> None:
        with self._lock:
            self._messages.append((to_seconds(message.header.stamp), message))

    def nearest(self, stamp: float, tolerance: float):
        """The message nearest to `stamp` (s) and at most `tolerance` s from it; None if there is none."""
        with self._lock:
            found = min(self._messages, key=lambda entry: abs(entry[0] - stamp), default=None)
        return found[1] if found and abs(found[0] - stamp) <= tolerance else None


class ExactSets:
    """Calls back with {topic: message} of one stamp as soon as every topic that is wanted has brought its own.

    What is not complete within the next `size` stamps is let go; `unmatched` counts it by topic. Thread-safe.
    """

    def __init__(self, callback: Callable[[dict], None], wanted: Callable[[], Collection[str]], size: int = 8):
        """wanted: the topics that a set needs, asked for with every message."""
        self._callback, self._wanted, self._size = callback, wanted, size
        self.unmatched: Counter[str] = Counter()
        self._waiting: dict[tuple[int, int], dict] = {}
        self._lock = threading.Lock()

    def add(self, topic: str, message) -> None:
        stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
        wanted = self._wanted()
        with self._lock:
            parts = self._waiting.setdefault(stamp, {})
            parts[topic] = message
            complete = parts.keys() >= set(wanted)
            if complete:
                del self._waiting[stamp]
            elif len(self._waiting) > self._size:
                self.unmatched.update(self._waiting.pop(next(iter(self._waiting))).keys())
        if complete:
            self._callback(parts)

    def clear(self) -> None:
        """Forgets what waits, uncounted."""
        with self._lock:
            self._waiting.clear()
