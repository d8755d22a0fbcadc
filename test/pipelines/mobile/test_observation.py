"""Observations: hostile scans are masked or refused, never passed on."""

import math
from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.observation import MAX_BEAMS, Observation

GOOD = Observation(1.0, np.full(360, 2.0), -math.pi, 2 * math.pi / 360, 0.12, 12.0, np.zeros(3), np.zeros(2))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ranges": np.zeros(0)}, ErrorCode.WRONG_LENGTH),
        ({"ranges": np.ones((2, 3))}, ErrorCode.WRONG_LENGTH),
        ({"ranges": np.ones(MAX_BEAMS + 1)}, ErrorCode.WRONG_LENGTH),
        ({"ranges": np.full(360, math.nan)}, ErrorCode.NOT_FINITE),
        ({"ranges": np.zeros(360)}, ErrorCode.NOT_FINITE),
        ({"pose": np.zeros(2)}, ErrorCode.WRONG_LENGTH),
        ({"pose": np.array([0, math.nan, 0])}, ErrorCode.NOT_FINITE),
        ({"twist": np.array([math.inf, 0])}, ErrorCode.NOT_FINITE),
        ({"command": np.array([math.nan, 0])}, ErrorCode.NOT_FINITE),
        ({"stamp": math.nan}, ErrorCode.NOT_FINITE),
        ({"angle_increment": 0.0}, ErrorCode.NOT_FINITE),
        ({"angle_min": math.inf}, ErrorCode.NOT_FINITE),
        ({"range_max": 0.05}, ErrorCode.NOT_FINITE),
    ],
)
def test_each_kind_of_nonsense_has_its_code(change, code):
    with pytest.raises(GenModelsError) as caught:
        replace(GOOD, **change).checked()
    assert caught.value.code == code


def test_rep_117_ranges():
    ranges = np.array([1.0, math.inf, math.nan, -math.inf, 0.0, 0.05, 12.0, 50.0])
    fan = replace(GOOD, ranges=ranges, angle_increment=0.1).checked().fan()
    assert fan.hit[0].tolist() == [True] + [False] * 7
    assert fan.known[0].tolist() == [True, True, False, False, False, False, True, True]
    assert (fan.ranges[0][1:] == 12).all()


def test_a_clockwise_lidar_is_turned_round():
    ranges = np.arange(1.0, 6.0)
    turned = replace(GOOD, ranges=ranges, angle_min=1.0, angle_increment=-0.5).checked()
    assert turned.ranges.tolist() == [5, 4, 3, 2, 1] and turned.angle_min == pytest.approx(-1.0)
    assert turned.angle_increment == 0.5


def test_more_than_a_turn_is_cut():
    assert len(replace(GOOD, ranges=np.full(361, 2.0)).checked().ranges) == 360
