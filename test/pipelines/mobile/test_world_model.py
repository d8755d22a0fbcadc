"""The world model with its shipped weights: any lidar, any disorder, the same answers for the same questions."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.imagination import MAX_SEQUENCES, hold
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel

WALLS = (-4.0, -3.0, 4.0, 3.0)


def room(pose, angles):
    """Ranges in an empty room of 8 x 6 m."""
    cos, sin = np.cos(angles + pose[2]), np.sin(angles + pose[2])
    with np.errstate(divide="ignore"):
        hits = [
            (WALLS[2] - pose[0]) / cos, (WALLS[0] - pose[0]) / cos,
            (WALLS[3] - pose[1]) / sin, (WALLS[1] - pose[1]) / sin,
        ]  # fmt: skip
    return np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)


def observation(stamp, pose=(0.0, 0.0, 0.0), beams=360, span=2 * math.pi, twist=(0.0, 0.0)):
    increment = span / beams if span > 6 else span / (beams - 1)
    angles = -span / 2 + increment * np.arange(beams)
    return Observation(stamp, room(pose, angles), -span / 2, increment, 0.12, 30.0, np.array(pose), np.array(twist))


@pytest.fixture(scope="module")
def loaded():
    return WorldModel.from_checkpoint(device="cpu")


@pytest.fixture
def world(loaded):
    loaded.reset()
    return loaded


def drive(world, steps=8, v=0.4, **kwargs):
    """Drives straight on from 2.4 m off the wall ahead at x = 4."""
    for step in range(steps):
        world.observe(observation(0.2 * step, (0.2 * v * step, 0.0, 0.0), twist=(v, 0.0), **kwargs))


def straight(v, steps=14, count=1):
    return np.tile([v, 0.0], (count, steps, 1))


def test_nothing_is_imagined_before_something_is_seen(world):
    for call in (lambda: world.imagine(straight(0.3)), lambda: world.score_paths([np.eye(2)])):
        with pytest.raises(GenModelsError) as caught:
            call()
        assert caught.value.code == ErrorCode.NO_OBSERVATION
    assert world.surprise is None


@pytest.mark.parametrize(("beams", "span"), [(180, math.pi), (360, 2 * math.pi), (361, math.pi), (1081, 1.5 * math.pi)])
def test_any_lidar_is_understood(world, beams, span):
    drive(world, beams=beams, span=span)
    futures = world.imagine(straight(0.4), with_scans=True)
    assert futures.poses.shape == (1, 14, 3) and np.isfinite(futures.ranges).all()
    forecast = world.forecast(straight(0.4)[0])
    assert forecast.ranges.shape == (14, beams) and np.isfinite(forecast.ranges).all()


def test_driving_on_leads_ahead_and_the_wall_comes_nearer(world):
    drive(world)
    futures = world.imagine(straight(0.4))
    assert futures.poses[0, -1, 0] == pytest.approx(0.4 * 2.8, abs=0.15)
    assert abs(futures.poses[0, -1, 1]) < 0.15
    forecast = world.forecast(straight(0.4)[0])
    before = world.last_observation.ranges[180]
    assert forecast.ranges[9, 180] == pytest.approx(before - 0.4 * 2.0, abs=0.25)


def test_driving_into_the_wall_is_more_dangerous_than_standing(world):
    for step in range(8):
        world.observe(observation(0.2 * step, (3.2, 0.0, 0.0)))  # 0.6 m of free way
    futures = world.imagine(np.concatenate([straight(0.6), straight(0.0)]))
    assert futures.collision_probability[0, -1] > 0.9 > 0.1 > futures.collision_probability[1, -1]


def test_probabilities_never_fall_and_spread_never_shrinks(world):
    drive(world)
    rng = np.random.default_rng(0)
    futures = world.imagine(rng.uniform(-0.6, 0.6, (20, 14, 2)), num_samples=3)
    assert (np.diff(futures.collision_probability, axis=1) >= -1e-9).all()
    assert ((futures.collision_probability >= 0) & (futures.collision_probability <= 1)).all()
    assert (futures.position_std >= 0).all()


def test_the_same_seed_gives_the_same_future(world):
    drive(world)
    commands = straight(0.4, count=3)
    same = [world.imagine(commands, num_samples=4, seed=5) for _ in range(2)]
    other = world.imagine(commands, num_samples=4, seed=6)
    assert np.array_equal(same[0].poses, same[1].poses)
    assert np.array_equal(same[0].collision_probability, same[1].collision_probability)
    assert not np.array_equal(same[0].poses, other.poses)


def test_a_finer_time_step_describes_the_same_future(world):
    drive(world)
    coarse, fine = world.imagine(straight(0.4, 10)), world.imagine(straight(0.4, 20), time_step=0.1)
    assert fine.time_step == 0.1 and fine.poses.shape == (1, 20, 3)
    np.testing.assert_allclose(fine.poses[:, 1::2], coarse.poses, atol=1e-5)
    np.testing.assert_allclose(fine.collision_probability[:, 1::2], coarse.collision_probability, atol=1e-5)


def test_held_commands_keep_their_integral():
    commands = np.random.default_rng(0).normal(size=(4, 7, 2))
    for step in (0.05, 0.13, 0.2, 0.5):
        held = hold(commands, step, 0.2)
        whole = held.shape[1] * 0.2
        expected = commands.sum(1) * step + commands[:, -1] * (whole - 7 * step)
        np.testing.assert_allclose(held.sum(1) * 0.2, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("commands", "options", "code"),
    [
        (np.zeros((0, 5, 2)), {}, ErrorCode.INVALID_COUNT),
        (np.zeros((MAX_SEQUENCES + 1, 1, 2)), {}, ErrorCode.INVALID_COUNT),
        (np.zeros((2, 5, 2)), {"num_samples": 0}, ErrorCode.INVALID_COUNT),
        (np.zeros((2, 5, 2)), {"num_samples": MAX_SEQUENCES}, ErrorCode.INVALID_COUNT),
        (np.zeros((2, 0, 2)), {}, ErrorCode.INVALID_HORIZON),
        (np.zeros((1, 1000, 2)), {}, ErrorCode.INVALID_HORIZON),
        (np.zeros((1, 5, 2)), {"time_step": 1e-6}, ErrorCode.INVALID_HORIZON),
        (np.zeros((1, 5, 2)), {"time_step": math.nan}, ErrorCode.INVALID_HORIZON),
        (np.full((1, 5, 2), math.nan), {}, ErrorCode.NOT_FINITE),
        (np.zeros((5, 2)), {}, ErrorCode.WRONG_LENGTH),
        (np.zeros((4000, 14, 2)), {"with_scans": True}, ErrorCode.INVALID_COUNT),
    ],
)
def test_absurd_requests_are_refused(world, commands, options, code):
    drive(world, steps=2)
    with pytest.raises(GenModelsError) as caught:
        world.imagine(commands, **options)
    assert caught.value.code == code


def test_a_bad_observation_leaves_the_memory_as_it_was(world):
    drive(world)
    before = world.imagine(straight(0.4)).poses
    with pytest.raises(GenModelsError):
        world.observe(replace(observation(1.6), pose=np.array([0, 0, math.nan])))
    assert np.array_equal(world.imagine(straight(0.4)).poses, before)


def test_faster_sensors_are_used_at_the_models_pace(world):
    used = [world.observe(observation(0.1 * i)) for i in range(9)]
    assert used == [True, False] * 4 + [True]


@pytest.mark.parametrize("stamp", [1.55, 0.5, 2.7, 100.0])
def test_time_jumps_start_the_memory_anew(world, stamp):
    drive(world, steps=9)
    assert world.surprise is not None
    world.observe(observation(stamp, (0.64, 0.0, 0.0)))
    assert world.surprise is None and world.last_observation.stamp == stamp


def test_an_odometry_reset_starts_the_memory_anew(world):
    drive(world, steps=5)
    world.observe(observation(1.0, (-3.0, 1.0, 0.0)))
    assert world.surprise is None


def test_dropped_observations_are_dreamt_through(world):
    for step in (0, 1, 2, 5, 6, 10):
        world.observe(observation(0.2 * step, (0.08 * step, 0.0, 0.0), twist=(0.4, 0.0)))
    assert world.surprise is not None
    assert np.isfinite(world.imagine(straight(0.4)).poses).all()


def test_a_scan_from_elsewhere_is_a_surprise(world):
    drive(world, steps=8)
    calm = world.surprise
    moved = observation(1.6, (1.5, 1.5, 1.2))
    world.observe(replace(moved, pose=np.array([0.64, 0.0, 0.0])))  # the odometry says otherwise
    assert world.surprise > calm + 1.0


def test_the_free_path_scores_best(world):
    for step in range(8):
        world.observe(observation(0.2 * step, (3.0, 0.0, 0.0)))
    ahead, back = np.array([(0.0, 0.0), (2.0, 0.0)]), np.array([(0.0, 0.0, 0.0), (-1.0, 0.2, 0.0)])
    scores = world.score_paths([ahead, back], speed=0.5)
    assert scores.best_index == 1 and scores.collision_probability[0] > scores.collision_probability[1]


def test_one_observes_while_others_imagine(world):
    drive(world, steps=3)
    failures = []

    def imagine():
        try:
            for _ in range(10):
                assert np.isfinite(world.imagine(straight(0.3, count=4)).poses).all()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=imagine) for _ in range(2)]
    for thread in threads:
        thread.start()
    for step in range(3, 20):
        world.observe(observation(0.2 * step, (0.08 * step, 0.0, 0.0)))
    for thread in threads:
        thread.join()
    assert not failures


def test_a_missing_checkpoint_says_so(tmp_path):
    with pytest.raises(GenModelsError) as caught:
        WorldModel.from_checkpoint(tmp_path)
    assert caught.value.code == ErrorCode.MODEL_UNAVAILABLE
