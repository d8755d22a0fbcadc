"""Frames of a live camera on their way to a training loop: the newest ones, when the loop is slower than the camera."""

import threading
import time
from collections import deque
from collections.abc import Iterator

from genmodels_ros.data.labelled_images import SourceImage


class FrameQueue:
    """Holds the last `size` frames; the oldest goes when a new one finds no room. Thread-safe, for one process.

    `images()` makes it a source like ImageSource: it waits for frames, and ends when the queue is closed or when none
    came for `patience` s (None: waits for ever).
    """

    def __init__(self, size: int = 64, *, patience: float | None = None):
        self._frames, self._patience, self._closed = deque(maxlen=size), patience, False
        self._changed = threading.Condition()
        self.received = self.dropped = 0

    def put(self, frame: SourceImage) -> None:
        with self._changed:
            self.received += 1
            self.dropped += len(self._frames) == self._frames.maxlen
            self._frames.append(frame)
            self._changed.notify()

    def close(self) -> None:
        """No more frames come; those in the queue are still given out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def images(self) -> Iterator[SourceImage]:
        """Each frame once, to whoever asks first."""
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> SourceImage | None:
        deadline = None if self._patience is None else time.monotonic() + self._patience
        with self._changed:
            while not self._frames and not self._closed:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            return self._frames.popleft() if self._frames else None
