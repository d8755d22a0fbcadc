"""Walkers: speeds within bounds, halts, rests, reproducible, stopped by what they have run into."""

import math
from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.simulation.floor.plan import Walker
from genmodels_ros.simulation.floor.walkers import ACCELERATION, BUMP_REST, FASTEST, WalkerMotion

WAY = Walker(((0.0, 0.0), (6.0, 0.0), (6.0, 4.0)), speed=0.8, pause=1.0)
LIVELY = replace(WAY, pace_spread=0.3, halts=0.1)
STEP = 0.02


def watched(walker, seed=0, seconds=120.0, robot=None, yields=True):
    """Poses [T, 3] and speeds [T] over time."""
    motion = WalkerMotion(walker, np.random.default_rng(seed))
    poses, speeds = [], []
    for _ in range(round(seconds / STEP)):
        motion.advance(STEP, [robot] if robot else [], yields)
        poses.append(motion.pose)
        speeds.append(motion.speed)
    return np.array(poses), np.array(speeds)


def test_pace_changes_within_bounds():
    poses, speeds = watched(LIVELY)
    moved = np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1) / STEP
    assert speeds.max() <= FASTEST and moved.max() <= FASTEST + 1e-6
    going = speeds[speeds > 0.3]
    assert going.std() > 0.1 and going.mean() == pytest.approx(0.8, abs=0.2)
    assert np.diff(speeds).max() <= ACCELERATION * STEP + 1e-9


def test_halts_come_on_the_way_too():
    poses, speeds = watched(LIVELY, seconds=300)
    middle = (poses[:, 0] > 1) & (poses[:, 1] < 3)
    assert (speeds[middle] == 0).any()
    poses, speeds = watched(replace(WAY, pace_spread=0.3), seconds=300)
    middle = (poses[:, 0] > 1) & (poses[:, 1] < 3)
    assert (speeds[middle] > 0).all()


def test_ways_are_never_left():
    poses, _ = watched(LIVELY, seconds=300)
    on_first = np.abs(poses[:, 1]) < 1e-9
    on_second = np.abs(poses[:, 0] - 6) < 1e-9
    assert (on_first | on_second).all() and on_first.any() and on_second.any()
    assert poses[:, 0].min() >= 0 and poses[:, 1].max() <= 4


def test_the_same_seed_walks_the_same_way():
    a, b, c = (watched(LIVELY, seed, 30)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_regular_walkers_need_no_chance():
    poses, speeds = watched(WAY, seconds=12.4)
    assert set(np.unique(speeds)) == {0.8}
    assert poses[-1, :2] == pytest.approx((6.0, 0.8 * 12.4 - 6), abs=0.02)


@pytest.mark.parametrize("walker", [WAY, LIVELY])
def test_who_yields_stops_before_a_robot_and_who_does_not_after_a_bump(walker):
    robot = (3.0, 0.0, 0.2)
    for yields, gap in ((True, 0.3), (False, -0.02)):
        poses, _ = watched(walker, seconds=60, robot=robot, yields=yields)
        reached = 3.0 - 0.2 - walker.radius - gap
        assert reached - 0.01 <= poses[:, 0].max() <= reached + FASTEST * STEP


def test_after_a_bump_somebody_stands_a_while():
    motion = WalkerMotion(WAY)
    while motion.pose[0] < 3.0 - 0.2 - WAY.radius + 0.02:
        motion.advance(STEP, [(3.0, 0.0, 0.2)], False)
    motion.advance(STEP, [(3.0, 0.0, 0.2)], False)
    at, waited = motion.pose[0], 0.0
    while motion.pose[0] == at:
        motion.advance(STEP, [(30.0, 0.0, 0.2)], False)
        waited += STEP
    assert waited == pytest.approx(BUMP_REST, abs=3 * STEP) and not math.isnan(at)
