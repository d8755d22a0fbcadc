"""An agent's own frame: the same motion elsewhere looks the same, and futures come back to where they were."""

import numpy as np
import pytest

from genmodels_ros.data.agent_frame import (
    CONDITION,
    FUTURE,
    OWN_BODY,
    PAST,
    REACH,
    SECTORS,
    condition,
    headings,
    padded,
    sectors,
    to_displacements,
    to_positions,
    turned,
)

RNG = np.random.default_rng(0)
PASTS = RNG.normal(0, 0.2, (6, PAST + 1, 2)).cumsum(axis=1)
FUTURES = PASTS[:, -1:] + RNG.normal(0, 0.2, (6, FUTURE, 2)).cumsum(axis=1)


def moved(points: np.ndarray, yaw: float = 0.7, by=(3.0, -8.0)) -> np.ndarray:
    return turned(points[None], np.array([yaw]))[0] + np.array(by)


def test_positions_come_back_from_displacements():
    np.testing.assert_allclose(to_positions(PASTS, to_displacements(PASTS, FUTURES)), FUTURES, atol=1e-12)


def test_several_futures_of_each_agent_come_back_in_one_call():
    several = np.stack([to_displacements(PASTS, FUTURES + k) for k in range(3)], axis=1)
    expected = np.stack([FUTURES + k for k in range(3)], axis=1)
    np.testing.assert_allclose(to_positions(PASTS, several), expected, atol=1e-12)


def test_elsewhere_and_turned_all_looks_the_same():
    robot, points = np.array([1.0, 2.0]), RNG.uniform(-4, 4, (50, 2))
    before = condition(PASTS, robot, points)
    after = condition(moved(PASTS), moved(robot[None])[0], moved(points))
    assert before.shape == (6, CONDITION)
    np.testing.assert_allclose(after, before, atol=1e-9)
    np.testing.assert_allclose(to_displacements(moved(PASTS), moved(FUTURES)), to_displacements(PASTS, FUTURES))


def test_ahead_is_where_it_lately_went():
    walked = np.linspace([0, 0], [1.6, 0], PAST + 1)
    then_up = np.concatenate([walked[:-4], walked[-5] + np.arange(1, 5)[:, None] * [0.0, 0.2]])
    assert headings(np.stack([walked, then_up])) == pytest.approx([0, np.pi / 2])


def test_who_stopped_keeps_its_heading_and_who_stands_has_none():
    stopped = np.concatenate([np.linspace([0, 0], [0, 1], 5), np.tile([0.0, 1.0], (PAST - 4, 1))])
    stands = np.tile([5.0, 5.0], (PAST + 1, 1))
    assert headings(np.stack([stopped, stands])) == pytest.approx([np.pi / 2, 0])


def test_a_young_track_goes_back_at_its_first_velocity():
    young = np.array([[[1.0, 1.0], [1.1, 1.2]]])
    whole = padded(young)
    np.testing.assert_allclose(np.diff(whole[0], axis=0), np.tile([0.1, 0.2], (PAST, 1)), atol=1e-12)
    np.testing.assert_allclose(whole[0, -2:], young[0])
    long = RNG.normal(size=(2, 30, 2))
    np.testing.assert_array_equal(padded(long), long[:, -(PAST + 1) :])


def test_a_sector_tells_its_nearest_point():
    points = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0], [OWN_BODY / 2, 0.0], [-REACH - 1, 0.0]])
    near = sectors(points, 0.0)
    assert near[0] == pytest.approx(1 - 1 / REACH) and near[SECTORS // 4] == pytest.approx(1 - 3 / REACH)
    assert near.sum() == pytest.approx(near[0] + near[SECTORS // 4])


def test_what_is_unknown_is_as_if_nothing_were_near():
    unknown = condition(PASTS)
    for robot, points in ((np.array([np.nan, np.nan]), None), (np.array([900.0, 0.0]), np.empty((0, 2)))):
        np.testing.assert_array_equal(condition(PASTS, robot, points), unknown)
