"""The newest message between a fast sensor and a slow model."""

import threading
from collections.abc import Callable


class LatestSlot:
    """Holds one item; a newer one replaces it, so that a slow consumer skips stale frames instead of falling behind."""

    def __init__(self, notify: Callable[[], None] = lambda: None):
        """notify: called after each put, outside the lock, to wake the consumer."""
        self._lock = threading.Lock()
        self._notify = notify
        self._item = None
        self.dropped = 0

    def put(self, item) -> None:
        """Replaces what is there; counts it as dropped if nobody took it."""
        with self._lock:
            self.dropped += self._item is not None
            self._item = item
        self._notify()

    def wake(self) -> None:
        """Reminds the consumer, who may have been asleep, of what is there."""
        self._notify()

    def take(self):
        """The newest item, which leaves the slot; None if there is none since the last take."""
        with self._lock:
            item, self._item = self._item, None
            return item
