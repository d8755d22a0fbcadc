"""Pasts from a tracker: on the clock, of the right person, and in the frame that the robot has."""

import numpy as np
import pytest

from genmodels_ros.data.agent_frame import FUTURE, PAST, TIME_STEP
from genmodels_ros.data.episodes import Episodes
from genmodels_ros.training.mobile.tracked_agents import past_of, tracked_windows

ROWS, BEAMS, SPEED, RADIUS = 60, 360, 0.8, 0.25


def crossing(drift: float = 0.0) -> Episodes:
    """A disc walks past a robot at rest whose odometry lies in a frame turned by `drift` rad, before a wall far off."""
    t = TIME_STEP * np.arange(ROWS)
    middle = np.stack([np.full(ROWS, 2.5), SPEED * (t - t.mean())], axis=1)
    angles = -np.pi + 2 * np.pi / BEAMS * np.arange(BEAMS)
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    along = middle @ rays.T  # [ROWS, BEAMS]
    aside = np.sqrt(np.maximum((middle**2).sum(1)[:, None] - along**2, 0))
    hit = (aside < RADIUS) & (along > 0)
    scan = np.where(hit, along - np.sqrt(np.maximum(RADIUS**2 - aside**2, 0)), 6.0).astype(np.float16)
    people = np.full((ROWS, 2, 3), np.nan, np.float32)
    people[:, 0] = np.concatenate([middle, np.full((ROWS, 1), RADIUS)], axis=1)
    pose, none = np.zeros((ROWS, 3), np.float32), np.zeros((ROWS, 2), np.float32)
    odometry = pose + np.array([5.0, -1.0, drift], np.float32) if drift else pose
    return Episodes(scan, odometry, none, pose, none, np.zeros(ROWS, bool), people, np.zeros(ROWS, np.int32))


def test_a_walker_is_followed():
    windows = tracked_windows(crossing())
    assert len(windows) > 20 and windows.seen.mean() > 0.8
    old = np.arange(5, len(windows))
    went = windows.future[old] - windows.past[old, -1:]
    np.testing.assert_allclose(
        went[..., 1], np.tile(SPEED * TIME_STEP * np.arange(1, FUTURE + 1), (len(old), 1)), atol=1e-3
    )
    np.testing.assert_allclose(windows.past[old, -1, 0], 2.5 - RADIUS, atol=0.15)  # the side that the lidar sees
    assert windows.velocity[old, 1].mean() == pytest.approx(SPEED, abs=0.15)
    steps = np.diff(windows.past[old], axis=1)
    assert steps[..., 1].mean() == pytest.approx(SPEED * TIME_STEP, abs=0.02)
    assert windows.future.shape[1:] == (FUTURE, 2)


def test_all_is_in_the_odometrys_frame():
    here, there = tracked_windows(crossing()), tracked_windows(crossing(drift=0.9))
    c, s = np.cos(0.9), np.sin(0.9)
    move = lambda points: points @ np.array([[c, s], [-s, c]]) + [5.0, -1.0]  # noqa: E731
    for name in ("past", "future", "robot"):
        np.testing.assert_allclose(getattr(there, name), move(getattr(here, name)), atol=1e-3)
    np.testing.assert_allclose(there.obstacles[0], move(here.obstacles[0]), atol=1e-3)


def test_an_empty_floor_has_no_windows():
    empty = crossing()
    empty.people[:] = np.nan
    assert tracked_windows(empty) is None


def test_gaps_in_a_trail_are_bridged_on_the_clock():
    stamps = np.array([0.0, 0.2, 0.8, 1.0])
    past = past_of(np.stack([stamps, 2 * stamps, -stamps], axis=1))
    assert past.shape == (PAST + 1, 2)
    np.testing.assert_allclose(np.diff(past, axis=0), np.tile([0.4, -0.2], (PAST, 1)), atol=1e-9)
    assert past_of(np.array([[1.0, 0.0, 0.0]])) is None
