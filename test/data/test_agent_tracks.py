"""Agents of recorded drives: windows stay within a drive, and what is known of a moment comes from that moment."""

import numpy as np
import pytest

from genmodels_ros.data.agent_frame import CONDITION, FUTURE, PAST, headings
from genmodels_ros.data.agent_tracks import agent_windows, as_met_on_a_robot, hit_points, joined, vectors_of
from genmodels_ros.data.episodes import Episodes
from genmodels_ros.errors import ErrorCode, GenModelsError

ROWS, BEAMS = 60, 72


def drives() -> Episodes:
    """Two drives of 30 rows. Person 0 walks along x at 1 m/s, 1 stands in row 5's beam, 2 appears with the second."""
    t = 0.2 * np.arange(ROWS)
    people = np.full((ROWS, 4, 3), np.nan, np.float32)
    people[:, 0] = np.stack([t, np.full(ROWS, 3.0), np.full(ROWS, 0.25)], axis=1)
    people[:, 1] = [2.0, 0.0, 0.25]
    people[30:, 2] = [8.0, 8.0, 0.25]
    scan = np.full((ROWS, BEAMS), np.inf, np.float16)
    scan[:, BEAMS // 2 - 1 : BEAMS // 2 + 2] = 1.8  # ahead
    zeros = np.zeros((ROWS, 2), np.float32)
    pose = np.zeros((ROWS, 3), np.float32)
    drive = np.repeat([0, 1], 30).astype(np.int32)
    return Episodes(scan, pose, zeros, pose, zeros, np.zeros(ROWS, bool), people, drive)


def test_windows_are_of_one_drive_and_of_those_who_are_there():
    windows = agent_windows(drives())
    each = 30 - (PAST + 1 + FUTURE) + 1
    assert len(windows) == each * (2 + 3)
    np.testing.assert_allclose(np.diff(np.concatenate([windows.past, windows.future], 1), axis=1).std(1), 0, atol=1e-6)


def test_who_is_hit_is_seen():
    windows = agent_windows(drives())
    stands_ahead = np.all(windows.past[:, -1] == [2.0, 0.0], axis=1)
    np.testing.assert_array_equal(windows.seen, stands_ahead)


def test_points_are_where_the_beams_end():
    scan = np.array([np.inf, 2.0, np.nan, 1.0])  # behind, right, ahead, left
    points = hit_points(np.array([10.0, 20.0, np.pi / 2]), scan)
    np.testing.assert_allclose(points, [[12.0, 20.0], [9.0, 20.0]], atol=1e-12)


def test_rows_are_chosen_together():
    windows = agent_windows(drives())
    some = windows[windows.seen]
    assert len(some) == windows.seen.sum() == len(some.obstacles) and some.seen.all()
    assert len(joined([windows, some])) == len(windows) + len(some)


def test_training_rows_are_as_a_robot_meets_them_and_a_seed_repeats_them():
    windows = agent_windows(drives())
    one, same = (vectors_of(windows, np.random.default_rng(3)) for _ in range(2))
    assert one.x.shape == (len(windows), 2 * FUTURE) and one.condition.shape == (len(windows), CONDITION)
    assert (one.x == same.x).all() and (one.condition == same.condition).all()
    assert 0.05 < float((one.condition[:, 2 * PAST :] == 0).all(1).float().mean()) < 0.6  # without surroundings
    met = as_met_on_a_robot(windows, np.random.default_rng(0))
    assert np.ptp(headings(met.past)[:8]) > 1  # turned at random


def test_who_stands_has_no_atom_of_density():
    x = vectors_of(agent_windows(drives()), np.random.default_rng(0)).x
    assert len(x.unique()) > 0.99 * x.numel()


def test_floors_without_people_are_refused():
    with pytest.raises(GenModelsError) as error:
        joined([])
    assert error.value.code is ErrorCode.INVALID_DATA
