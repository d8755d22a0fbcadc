"""Learning in a thread beside a running robot: at most a share of one core, after all else, ended at any step."""

import os
import threading
import time

import torch

NICENESS = 15  # of the thread, where the system has such a thing


class Stopped(Exception):
    """Raised within the thread when it has to end."""


class Breath:
    """Sleeps between steps so that `duty` of the time is work; raises Stopped when the thread has to end."""

    def __init__(self, stop: threading.Event, duty: float):
        self._stop, self._idle, self._since = stop, 1 / duty - 1, time.monotonic()

    def __call__(self) -> None:
        if self._stop.wait(min(1.0, self._idle * (time.monotonic() - self._since))):
            raise Stopped
        self._since = time.monotonic()


def lower_priority() -> None:
    """Of the calling thread: one core at most, and others go first."""
    torch.set_num_threads(1)
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)  # Linux: of this thread alone
    except (AttributeError, OSError):
        pass  # a matter of courtesy: the duty bounds what is taken
