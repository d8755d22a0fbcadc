"""A lidar that does not stand in the robot's middle."""

import numpy as np
import pytest

from genmodels_ros.pipelines.mobile.lidar_mount import seen_from_centre
from genmodels_ros.pipelines.mobile.observation import Observation

COUNT = 720
FIRST = -np.pi + 1e-3
ANGLES = FIRST + 2 * np.pi / COUNT * np.arange(COUNT)


def room(x: float, y: float, half: float = 2.0) -> Observation:
    """The scan from (x, y) in a square room around the origin."""
    cos, sin = np.cos(ANGLES), np.sin(ANGLES)
    to_x = np.where(cos > 0, (half - x) / cos, (-half - x) / cos)
    to_y = np.where(sin > 0, (half - y) / sin, (-half - y) / sin)
    fan = {"angle_min": FIRST, "angle_increment": 2 * np.pi / COUNT, "range_min": 0.1, "range_max": 8.0}
    return Observation(1.0, np.minimum(to_x, to_y), pose=np.zeros(3), **fan).checked()


@pytest.mark.parametrize("place", [(0.25, 0.0), (-0.1, 0.3)])
def test_the_centre_sees_the_room_around_itself(place):
    seen, truth = seen_from_centre(room(*place), *place), room(0.0, 0.0)
    assert np.isfinite(seen.ranges).mean() > 0.99
    assert np.nanmax(np.abs(seen.ranges - truth.ranges)) < 0.02
    assert seen.beams == truth.beams


def test_a_lidar_in_the_middle_is_left_alone():
    scan = room(0.0, 0.0)
    assert seen_from_centre(scan, 0.0, 0.0) is scan


def test_free_stays_free_and_unknown_unknown():
    scan = room(0.0, 0.0)
    ranges = scan.ranges.copy()
    ranges[300:420], ranges[:120] = np.inf, np.nan
    observation = Observation(1.0, ranges, FIRST, 2 * np.pi / COUNT, 0.1, 8.0, np.zeros(3)).checked()
    seen = seen_from_centre(observation, 0.2, 0.0)
    assert np.isinf(seen.ranges[340:380]).all() and np.isnan(seen.ranges[20:80]).all()
    assert seen.checked().fan().hit.any()
