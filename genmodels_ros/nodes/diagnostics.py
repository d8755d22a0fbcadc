"""How a node is doing, as diagnostic_msgs: rate, latency, drops, errors."""

import threading
import time
from collections import deque
from contextlib import contextmanager

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

WINDOW = 10.0  # seconds of history behind the rate and the warning level


class Monitor:
    """Counts a node's work. Thread-safe; durations are wall time, which is what a user waits for."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._finished = deque(maxlen=2000)  # (moment, latency) of work done
        self._error_time = -np.inf
        self.last_error = ""
        self.failed = False  # a transition failed: the node is not doing its job
        self.num_errors = 0

    @contextmanager
    def measure(self):
        """Times one piece of work; work that raises is not counted as done."""
        start = self._clock()
        yield
        with self._lock:
            self._finished.append((self._clock(), self._clock() - start))

    def error(self, message: str, failed: bool = False) -> None:
        """Remembers a failure; `failed` marks one that stops the node from working at all."""
        with self._lock:
            self.last_error, self._error_time = message, self._clock()
            self.num_errors += 1
            self.failed = failed

    def recovered(self) -> None:
        """A transition succeeded after one that failed."""
        self.failed = False

    def summary(self) -> dict[str, float]:
        """rate [Hz] over the window, latency p50 and p99 [ms] (NaN before the first result)."""
        with self._lock:
            now = self._clock()
            recent = [latency for moment, latency in self._finished if now - moment <= WINDOW]
        p50, p99 = np.percentile(recent, [50, 99]) * 1e3 if recent else (np.nan, np.nan)
        return {"rate": len(recent) / WINDOW, "latency_p50_ms": float(p50), "latency_p99_ms": float(p99)}

    def status(self, name: str, state: str, details: dict[str, str]) -> DiagnosticStatus:
        """ERROR while a transition has failed, WARN for a while after an error, otherwise OK."""
        recent_error = self._clock() - self._error_time <= WINDOW
        level = DiagnosticStatus.WARN if recent_error else DiagnosticStatus.OK
        level = DiagnosticStatus.ERROR if self.failed else level
        values = {
            "state": state,
            **{key: f"{value:.3f}" for key, value in self.summary().items()},
            "errors": str(self.num_errors),
            "last_error": self.last_error,
            **details,
        }
        return DiagnosticStatus(
            level=level,
            name=name,
            message=self.last_error if level != DiagnosticStatus.OK else state,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
