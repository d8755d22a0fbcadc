"""Rates and latencies of work with a clock of our own."""

import math

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from genmodels_ros.nodes.diagnostics import WINDOW, Monitor


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def work(monitor, clock, latency, every=0.5):
    with monitor.measure():
        clock.now += latency
    clock.now += every - latency


def test_rate_and_percentiles_over_the_window():
    clock = Clock()
    monitor = Monitor(clock)
    for number in range(100):
        work(monitor, clock, 0.3 if number == 90 else 0.01 if number % 2 else 0.03)
    summary = monitor.summary()
    assert summary["rate"] == pytest.approx(2.0, rel=0.1)
    assert 10 <= summary["latency_p50_ms"] <= 30 and summary["latency_p99_ms"] > 200
    clock.now += 2 * WINDOW
    assert monitor.summary()["rate"] == 0 and math.isnan(monitor.summary()["latency_p50_ms"])


def test_work_that_raises_is_not_done():
    clock = Clock()
    monitor = Monitor(clock)
    with pytest.raises(ValueError), monitor.measure():
        raise ValueError
    assert monitor.summary()["rate"] == 0


def test_levels_rise_and_fall():
    clock = Clock()
    monitor = Monitor(clock)
    assert monitor.status("n", "active", {}).level == DiagnosticStatus.OK
    monitor.error("bad frame")
    status = monitor.status("n", "active", {"device": "cpu"})
    assert status.level == DiagnosticStatus.WARN and status.message == "bad frame"
    assert {"state", "rate", "latency_p50_ms", "latency_p99_ms", "last_error", "device"} <= {
        v.key for v in status.values
    }
    clock.now += 2 * WINDOW
    assert monitor.status("n", "active", {}).level == DiagnosticStatus.OK
    monitor.error("no checkpoint", failed=True)
    clock.now += 2 * WINDOW
    assert monitor.status("n", "unconfigured", {}).level == DiagnosticStatus.ERROR
    monitor.recovered()
    assert monitor.status("n", "active", {}).level == DiagnosticStatus.OK
