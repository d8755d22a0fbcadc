import math

import numpy as np
import pytest

from genmodels_ros.simulation.track.track import LOOK_AHEAD, TURNING_RADIUS, Track, random_track


def circle(radius=1.5, clockwise=False):
    angle = np.linspace(0, 2 * math.pi, 600, endpoint=False) * (-1 if clockwise else 1)
    return Track(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.6)


def test_on_a_circle_the_driver_steers_the_circles_curvature():
    for clockwise, side in ((False, -1), (True, 1)):  # anticlockwise bends left
        track = circle(1.5, clockwise)
        assert track.steering(track.pose(100)) == pytest.approx(side * TURNING_RADIUS / 1.5, abs=0.02)


def test_the_driver_steers_back_to_the_lane():
    straight = Track(circle(1000).lane[[0]] + np.stack([np.zeros(600), np.linspace(-3, 3, 600)], axis=1), 0.6)
    assert straight.steering(straight.pose(200)) == pytest.approx(0, abs=1e-3)
    assert straight.steering(straight.pose(200, offset=0.2)) > 0.2  # left of the lane: to the right
    assert straight.steering(straight.pose(200, turned=0.3)) > 0.2  # turned to the left: to the right
    assert straight.steering(straight.pose(200, offset=-0.2)) < -0.2


def test_steering_stays_in_its_range_wherever_the_car_stands():
    track, rng = circle(), np.random.default_rng(0)
    for _ in range(50):
        pose = track.pose(int(rng.integers(600)), rng.normal(), rng.uniform(-math.pi, math.pi))
        assert -1 <= track.steering(pose) <= 1


def test_random_tracks_are_closed_smooth_and_clear_of_themselves():
    rng = np.random.default_rng(3)
    bends = []
    for _ in range(20):
        track = random_track(rng)
        steps = np.linalg.norm(track.lane - np.roll(track.lane, 1, axis=0), axis=1)
        assert steps.max() < 0.1 < LOOK_AHEAD
        gaps = np.linalg.norm(track.lane[:, None] - track.lane[None], axis=2)
        apart = np.abs(np.subtract.outer(np.arange(600), np.arange(600)))
        assert gaps[np.minimum(apart, 600 - apart) > 150].min() > track.width
        bends += [track.steering(track.pose(index)) for index in range(0, 600, 60)]
    assert min(bends) < -0.3 and max(bends) > 0.3


def test_a_seed_gives_its_track():
    first, second, other = (random_track(np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.lane, second.lane)
    assert first.width == second.width != other.width
