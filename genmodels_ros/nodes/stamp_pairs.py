"""Messages of two topics brought together by their stamps."""

import threading
from collections import deque

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


class ExactPairs:
    """Calls back with (first, second) messages of equal stamps, whichever comes first.

    What finds no partner within the next `size` stamps is let go and counted in `unmatched`.
    """

    def __init__(self, callback, size: int = 8):
        self._callback, self._size = callback, size
        self.unmatched = 0
        self._waiting = {}
        self._lock = threading.Lock()

    def add(self, message, which: int) -> None:
        """A message of the first (0) or second (1) topic."""
        stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
        with self._lock:
            pair = self._waiting.setdefault(stamp, [None, None])
            pair[which] = message
            complete = all(part is not None for part in pair)
            if complete:
                del self._waiting[stamp]
            elif len(self._waiting) > self._size:
                del self._waiting[next(iter(self._waiting))]
                self.unmatched += 1
        if complete:
            self._callback(*pair)
