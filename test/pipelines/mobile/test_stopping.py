"""The safety stop on the raw scan."""

import numpy as np
import pytest

from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.stopping import Braking, must_stop, scan_points

BRAKING = Braking(reaction=0.2, deceleration=1.0, margin=0.05, radius=0.2)
AHEAD = np.array([[0.4, 0.0]])  # 0.2 m from the hull


@pytest.mark.parametrize(
    ("points", "velocity", "expected"),
    [
        (AHEAD, (0.5, 0.0), True),  # 0.1 m of reaction and 0.125 m of braking
        (AHEAD, (0.2, 0.0), False),
        (AHEAD, (-0.5, 0.0), False),
        (-AHEAD, (-0.5, 0.0), True),
        (AHEAD, (0.0, 1.5), False),
        (np.array([[0.1, 0.26]]), (0.5, 0.0), False),
        (np.array([[0.1, 0.22]]), (0.5, 0.0), True),
        (np.array([[0.3, 0.25]]), (0.5, 1.5), True),
        (np.array([[0.3, -0.25]]), (0.5, 1.5), False),
        (np.zeros((0, 2)), (0.5, 0.0), False),
    ],
    ids=[
        "too near", "slow enough", "behind it", "backwards", "on the spot", "beside", "grazing", "into the bend",
        "outside of the bend", "nothing seen",
    ],
)  # fmt: skip
def test_it_stops_for_what_stands_within_the_stopping_distance(points, velocity, expected):
    assert must_stop(points, velocity, BRAKING) is expected


def test_a_base_may_leave_what_it_stands_beside():
    touching = np.array([[-0.21, 0.0]])
    assert not must_stop(touching, (0.3, 0.0), BRAKING) and must_stop(touching, (-0.3, 0.0), BRAKING)


def test_it_does_not_creep_into_what_is_near():
    near = np.array([[0.24, 0.0]])
    assert all(must_stop(near, (speed, 0.0), BRAKING) for speed in (0.005, 0.02, 0.05))


def test_the_faster_the_sooner():
    distances = np.linspace(0.3, 1.5, 60)
    stops = [max(x for x in distances if must_stop(np.array([[x, 0.0]]), (v, 0.0), BRAKING)) for v in (0.3, 0.6, 1.0)]
    assert stops == sorted(stops) and stops[0] < stops[-1]


def test_points_are_where_the_beams_hit():
    ranges = np.array([1.0, 2.0, np.nan, np.inf], dtype=np.float32)
    seen = Observation(0.0, ranges, 0.0, np.pi / 2, 0.1, 10.0, np.zeros(3)).checked()
    assert np.allclose(scan_points(seen), [[1.0, 0.0], [0.0, 2.0]], atol=1e-6)
    assert len(scan_points(seen, within=1.5)) == 1
