"""Stamps to the nanosecond where a float holds it."""

import pytest
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st

from genmodels_ros.conversions.stamps import header, to_duration, to_seconds, to_stamp


@given(st.integers(0, 2**31 - 1), st.integers(0, 10**9 - 1))
def test_there_and_back_within_a_microsecond(sec, nanosec):
    seconds = to_seconds(Time(sec=sec, nanosec=nanosec))
    assert to_seconds(to_stamp(seconds)) == pytest.approx(seconds, abs=1e-6)
    assert 0 <= to_stamp(seconds).nanosec < 10**9


def test_rounding_carries_into_the_seconds():
    stamp = to_stamp(1.9999999999)
    assert (stamp.sec, stamp.nanosec) == (2, 0)


def test_durations_and_headers():
    assert to_seconds(to_duration(0.25)) == 0.25
    assert header("map", 1.5).frame_id == "map" and to_seconds(header("map", 1.5).stamp) == 1.5
