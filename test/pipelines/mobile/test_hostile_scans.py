"""Scans as lidars really send them, through the world model: any number of beams, holes, jumps of time and odometry.

What a scan does not tell must not become an obstacle, and after nonsense the next good scan is as good as the first.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel

ROOM = (-4.0, -3.0, 4.0, 3.0)
LIDARS = {  # beams, angle_min, angle_increment
    "180": (180, -math.pi / 2, math.pi / 180),
    "360": (360, -math.pi, math.pi / 180),
    "361": (361, -math.pi / 2, math.pi / 360),
    "361, a full turn": (361, -math.pi, math.pi / 180),
    "1081": (1081, -0.75 * math.pi, math.pi / 720),
    "360, clockwise": (360, math.pi, -math.pi / 180),
}
HOLES = {
    "nan": math.nan, "inf": math.inf, "minus inf": -math.inf, "zero": 0.0, "negative": -1.0, "too near": 0.01,
    "too far": 65.535,
}  # fmt: skip
AHEAD = np.tile([0.4, 0.0], (14, 1))


def true_ranges(pose, angles):
    cos, sin = np.cos(angles + pose[2]), np.sin(angles + pose[2])
    with np.errstate(divide="ignore"):
        hits = [
            (ROOM[2] - pose[0]) / cos,
            (ROOM[0] - pose[0]) / cos,
            (ROOM[3] - pose[1]) / sin,
            (ROOM[1] - pose[1]) / sin,
        ]
    return np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)


def seen(stamp, pose=(0.0, 0.0, 0.0), lidar="360", twist=(0.0, 0.0)):
    beams, start, increment = LIDARS[lidar]
    ranges = true_ranges(pose, start + increment * np.arange(beams))
    return Observation(stamp, ranges, start, increment, 0.12, 30.0, np.array(pose), np.array(twist))


def pierced(observation, value, share=0.3, seed=0):
    """The observation with a share of its beams telling `value`."""
    ranges = observation.ranges.copy()
    ranges[np.random.default_rng(seed).random(len(ranges)) < share] = value
    return replace(observation, ranges=ranges)


@pytest.fixture(scope="module")
def loaded():
    return WorldModel.from_checkpoint(device="cpu")


@pytest.fixture
def world(loaded):
    loaded.reset()
    return loaded


def drive(world, lidar="360", hole=None, steps=8, start=0.0):
    for step in range(steps):
        x = 0.08 * step
        observation = seen(start + 0.2 * step, (x, 0.0, 0.0), lidar, (0.4, 0.0))
        world.observe(observation if hole is None else pierced(observation, hole, seed=step))


def assert_sound(world):
    """Futures are numbers, probabilities probabilities."""
    futures = world.imagine(np.stack([AHEAD, 0 * AHEAD]), with_scans=True)
    assert np.isfinite(futures.poses).all() and np.isfinite(futures.position_std).all()
    assert np.isfinite(futures.ranges).all() and (futures.ranges >= 0).all()
    assert ((futures.collision_probability >= 0) & (futures.collision_probability <= 1)).all()
    forecast = world.forecast(AHEAD)
    assert np.isfinite(forecast.ranges).all() and (forecast.std > 0).all()
    assert world.surprise is None or math.isfinite(world.surprise)


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("lidar", LIDARS)
def test_holes_are_neither_obstacles_nor_numbers(world, lidar, hole):
    drive(world, lidar, HOLES[hole])
    assert_sound(world)
    futures = world.imagine(AHEAD[None])
    assert futures.poses[0, -1, 0] == pytest.approx(0.4 * 2.8, abs=0.2)
    assert futures.collision_probability[0, -1] < 0.3  # the wall is 2.2 m beyond where this leads


@pytest.mark.parametrize("lidar", LIDARS)
@pytest.mark.parametrize("hole", ["nan", "zero"])
def test_what_is_told_with_holes_is_what_is_told_without(world, lidar, hole):
    """Beams that tell nothing for once are filled from scans before."""
    drive(world, lidar)
    whole = world.forecast(AHEAD, steps=[4]).ranges[0]
    world.reset()
    drive(world, lidar, HOLES[hole])
    assert np.median(np.abs(world.forecast(AHEAD, steps=[4]).ranges[0] - whole)) < 0.15


def test_a_lidar_may_be_exchanged_on_the_way(world):
    for step, lidar in enumerate([*LIDARS, *LIDARS]):
        world.observe(seen(0.2 * step, (0.08 * step, 0.0, 0.0), lidar, (0.4, 0.0)))
        assert_sound(world)
        assert world.forecast(AHEAD).ranges.shape[1] == len(world.last_observation.ranges)


def test_a_blind_side_stays_unknown_without_alarm(world):
    for step in range(8):
        observation = seen(0.2 * step, (0.08 * step, 0.0, 0.0), twist=(0.4, 0.0))
        ranges = observation.ranges.copy()
        ranges[:90] = math.nan
        world.observe(replace(observation, ranges=ranges))
    assert_sound(world)
    assert world.imagine(AHEAD[None]).collision_probability[0, -1] < 0.3


@pytest.mark.parametrize("value", [math.nan, 0.0, -1.0, 0.05])
def test_a_scan_that_tells_nothing_is_refused_and_the_next_one_is_taken(world, value):
    drive(world)
    before = world.forecast(AHEAD).ranges
    with pytest.raises(GenModelsError) as caught:
        world.observe(replace(seen(1.6), ranges=np.full(360, value)))
    assert caught.value.code == ErrorCode.NOT_FINITE
    np.testing.assert_array_equal(world.forecast(AHEAD).ranges, before)
    assert world.observe(seen(1.8, (0.72, 0.0, 0.0), twist=(0.4, 0.0))) and world.surprise is not None


def test_a_scan_of_an_open_field_is_no_error(world):
    for step in range(5):
        world.observe(replace(seen(0.2 * step), ranges=np.full(360, math.inf)))
    assert_sound(world)
    assert world.imagine(0 * AHEAD[None]).collision_probability[0, -1] < 0.3


@pytest.mark.parametrize("back", [0.01, 0.1, 1.0, 1e6])
def test_time_that_jumps_backwards_starts_anew_and_goes_on(world, back):
    drive(world, start=2e6)
    stamp = 2e6 + 1.4 - back
    assert world.observe(seen(stamp)) and world.surprise is None
    for step in range(1, 4):
        assert world.observe(seen(stamp + 0.2 * step))
    assert world.surprise is not None and world.last_observation.stamp == stamp + 0.2 * 3
    assert_sound(world)


def test_the_same_scan_twice_counts_once(world):
    drive(world)
    before = world.forecast(AHEAD).ranges
    assert not world.observe(seen(0.2 * 7, (0.56, 0.0, 0.0), twist=(0.4, 0.0)))
    np.testing.assert_array_equal(world.forecast(AHEAD).ranges, before)


@pytest.mark.parametrize("jump", [(5.0, 0.0, 0.0), (-0.56, -4.0, 0.0), (0.0, 0.0, 2.5), (1e5, -1e5, 3.0)])
def test_an_odometry_reset_is_no_motion(world, jump):
    """The robot stays; its odometry starts again elsewhere. What it expects is then what it sees."""
    still = [seen(0.2 * step) for step in range(12)]
    for step, observation in enumerate(still):
        world.observe(replace(observation, pose=np.array(jump)) if step >= 8 else observation)
        if step == 8:
            assert world.surprise is None
    expected = world.forecast(0 * AHEAD, steps=[4]).ranges[0]
    assert np.median(np.abs(expected - still[0].ranges)) < 0.15


def test_odometry_far_from_its_origin_is_as_exact(world):
    for origin in ((0.0, 0.0), (3e4, -2e4)):
        world.reset()
        for step in range(8):
            observation = seen(0.2 * step, (0.08 * step, 0.0, 0.0), twist=(0.4, 0.0))
            world.observe(replace(observation, pose=observation.pose + np.array([*origin, 0.0])))
        futures = world.imagine(AHEAD[None])
        assert futures.poses[0, -1, 0] == pytest.approx(0.4 * 2.8, abs=0.2)


def test_whatever_comes_is_refused_or_answered(world):
    rng = np.random.default_rng(0)
    answered = refused = 0
    for trial in range(150):
        beams = int(rng.choice([2, 3, 7, 180, 360, 361, 1081]))
        ranges = rng.choice([*HOLES.values(), 0.5, 2.0, 9.0], size=beams).astype(np.float32)
        observation = Observation(
            float(rng.choice([0.2 * trial, 0.0, 1e9])), ranges, float(rng.uniform(-4, 4)),
            float(rng.choice([0.0, 0.0175, -0.0175, 1.0, math.nan])), float(rng.choice([0.0, 0.1])),
            float(rng.choice([5.0, 100.0, 0.05])), rng.choice([0.0, 1.0, 1e6], size=3),
            rng.choice([0.0, 0.5, 50.0, math.inf], size=2, p=[0.4, 0.4, 0.15, 0.05]),
        )  # fmt: skip
        try:
            world.observe(observation)
        except GenModelsError:
            refused += 1
            continue
        answered += 1
        futures = world.imagine(AHEAD[None])
        assert np.isfinite(futures.poses).all() and np.isfinite(futures.collision_probability).all()
    assert answered > 20 and refused > 20
    world.reset()
    drive(world)
    assert_sound(world)
