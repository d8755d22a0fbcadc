"""Requests wait their turn in a queue of bounded depth instead of hearing "busy"."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from genmodels_ros.errors import ErrorCode, GenModelsError

POLL = 0.05  # s between looks at `given_up`


class RequestQueue:
    """First come, first served; one at a time."""

    def __init__(self, depth: int, patience: float):
        """depth: requests that may wait behind the one being served; patience: s a request waits at most."""
        self._depth, self._patience = depth, patience
        self._tickets: deque[object] = deque()  # the first is being served
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Requests being served or waiting."""
        return len(self._tickets)

    @property
    def full(self) -> bool:
        return len(self._tickets) > self._depth

    @contextmanager
    def turn(self, given_up: Callable[[], bool] = lambda: False, patience: float | None = None) -> Iterator[None]:
        """Waits for the turn and holds it during the block.

        patience: s that this request waits at most, instead of the queue's.
        Raises GenModelsError: QUEUE_FULL at once; TIME_LIMIT when patience ends; CANCELLED once `given_up()`.
        """
        ticket = object()
        with self._changed:
            if self.full:
                raise GenModelsError(
                    ErrorCode.QUEUE_FULL, f"{len(self)} requests are waiting already: try again when they are answered."
                )
            self._tickets.append(ticket)
        try:
            self._wait_for_turn(ticket, given_up, self._patience if patience is None else patience)
            yield
        finally:
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def _wait_for_turn(self, ticket: object, given_up: Callable[[], bool], patience: float) -> None:
        deadline = time.monotonic() + patience
        with self._changed:
            while self._tickets[0] is not ticket:
                if given_up():
                    raise GenModelsError(ErrorCode.CANCELLED, "The request was withdrawn while it waited its turn.")
                if time.monotonic() >= deadline:
                    raise GenModelsError(
                        ErrorCode.TIME_LIMIT, f"The request waited {patience:g} s without getting its turn."
                    )
                self._changed.wait(POLL)
