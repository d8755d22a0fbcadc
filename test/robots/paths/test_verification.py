"""Verification finds what was planted, when it happens, and passes what is right."""

from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.obstacles import Box, Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.paths.verification import densify, remainder, verify, verify_contact

EMPTY = Scene()


@pytest.fixture
def motion(panda):
    """A swing of the base joint by 1.6 rad about the ready pose."""
    start, goal = panda.ready.copy(), panda.ready.copy()
    start[0], goal[0] = -0.8, 0.8
    return time_parameterise(straight_line(start, goal, 16), panda.limits, joint_names=panda.joint_names)


def test_a_good_motion_is_valid_and_its_clearance_measured(panda, motion):
    far = Scene((Box((1.5, 0.0, 0.5), (0.2, 4.0, 2.0), id="wall"),))
    result = verify(motion, panda, far)
    assert result.valid and result.code == ErrorCode.SUCCESS and result.first_invalid_time is None
    checker = CollisionChecker(panda, far)
    exact = min(checker.clearance(q) for q in motion.positions)
    assert result.min_clearance == pytest.approx(exact, abs=0.01)


def test_a_planted_collision_is_found_and_named_and_timed(panda, motion):
    planted = Scene((Sphere((0.307, 0.0, 0.55), 0.02, id="planted"),))
    result = verify(motion, panda, planted)
    assert result.code == ErrorCode.TRAJECTORY_IN_COLLISION and "planted" in result.message
    checker = CollisionChecker(panda, planted)
    first = next(t for t, q in zip(*densify(motion, 0.001), strict=True) if checker.in_collision(q))
    assert result.first_invalid_time == pytest.approx(first, abs=0.02)
    assert not result.valid and result.min_clearance is None


def test_a_collision_between_two_points_is_found(panda, motion):
    planted = Scene((Sphere((0.307, 0.0, 0.55), 0.02),))
    stretched = replace(
        motion,
        time_from_start=np.array([0.0, 5.0]),
        positions=motion.positions[[0, -1]],
        velocities=np.zeros((2, 7)),
        accelerations=np.zeros((2, 7)),
    )
    assert verify(stretched, panda, EMPTY).valid
    assert verify(stretched, panda, planted).code == ErrorCode.TRAJECTORY_IN_COLLISION


def test_self_collision_is_found(panda):
    folded = panda.ready.copy()
    folded[[1, 3, 5]] = 1.7, -3.0, 0.0
    motion = time_parameterise(straight_line(panda.ready, folded, 16), panda.limits, joint_names=panda.joint_names)
    assert verify(motion, panda, EMPTY).code == ErrorCode.TRAJECTORY_IN_COLLISION


@pytest.mark.parametrize(
    "factor, name", [(0.6, "velocity"), (0.97, "velocity")], ids=["far too fast", "a little too fast"]
)
def test_a_motion_too_fast_is_refused(panda, motion, factor, name):
    hurried = replace(
        motion,
        time_from_start=motion.time_from_start * factor * 0.97,
        velocities=motion.velocities / factor / 0.97,
        accelerations=motion.accelerations / (factor * 0.97) ** 2,
    )
    result = verify(hurried, panda, EMPTY)
    assert result.code == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS and "panda_joint1" in result.message
    assert 0 < result.first_invalid_time < hurried.duration


def test_positions_beyond_a_limit_are_refused(panda, motion):
    shifted = replace(motion, positions=motion.positions + np.eye(7)[0] * 2.5)
    result = verify(shifted, panda, EMPTY)
    assert result.code == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS and "position" in result.message


def test_a_jump_is_refused(panda, motion):
    positions = motion.positions.copy()
    positions[len(positions) // 2] += 0.02
    assert verify(replace(motion, positions=positions), panda, EMPTY).code == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


@pytest.mark.parametrize("end", [0, -1])
def test_a_motion_that_does_not_rest_at_its_ends_is_refused(panda, motion, end):
    velocities = motion.velocities.copy()
    velocities[end, 0] = 0.1
    result = verify(replace(motion, velocities=velocities), panda, EMPTY)
    assert result.code == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS and "rest" in result.message


def test_malformed_trajectories_are_refused(panda, motion):
    renamed = replace(motion, joint_names=motion.joint_names[::-1])
    assert verify(renamed, panda, EMPTY).code == ErrorCode.UNKNOWN_JOINT
    nan = replace(motion, positions=np.full_like(motion.positions, np.nan))
    assert verify(nan, panda, EMPTY).code == ErrorCode.NOT_FINITE
    backwards = replace(motion, time_from_start=motion.time_from_start[::-1])
    assert verify(backwards, panda, EMPTY).code == ErrorCode.WRONG_LENGTH


def test_densified_steps_are_short_and_keep_the_ends(motion):
    times, q = densify(motion)
    assert np.abs(np.diff(q, axis=0)).max() <= 0.01 + 1e-9
    np.testing.assert_allclose(q[[0, -1]], motion.positions[[0, -1]], atol=1e-9)
    assert (np.diff(times) > 0).all() and times[-1] == pytest.approx(motion.duration)


@pytest.mark.parametrize("share", [1e-4, 0.123, 0.5, 0.99999])
def test_a_remainder_is_the_same_motion(motion, share):
    moment = share * motion.duration
    rest = remainder(motion, moment)
    assert moment - 1e-3 <= rest.time_from_start[0] <= moment and rest.time_from_start[-1] == motion.time_from_start[-1]
    whole, part = (densify(one, 0.002) for one in (motion, rest))
    for column in range(7):
        expected = np.interp(part[0], whole[0], whole[1][:, column])
        np.testing.assert_allclose(part[1][:, column], expected, atol=1e-4)


def test_a_motion_under_way_is_judged_by_what_is_left_of_it(panda, motion):
    planted = Scene((Sphere((0.307, 0.0, 0.55), 0.02, id="planted"),))
    contact = verify(motion, panda, planted).first_invalid_time
    before = verify(motion, panda, planted, from_time=contact - 0.1)
    assert before.code == ErrorCode.TRAJECTORY_IN_COLLISION
    assert before.first_invalid_time == pytest.approx(contact, abs=0.02), "time counts from the whole motion's start"
    for moment in np.append(motion.time_from_start[-20:-1], motion.duration - 0.2 - 1e-12):
        behind = verify(motion, panda, planted, from_time=moment)
        assert behind.valid, "neither what lies behind nor its speed at the cut counts against it"
    fields = ("time_from_start", "positions", "velocities", "accelerations")
    unfinished = replace(motion, **{name: getattr(motion, name)[:-40] for name in fields})
    assert verify(unfinished, panda, EMPTY, from_time=0.5).code == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS, "not at rest"


def test_contact_alone_is_judged_as_in_full_and_limits_are_left_aside(panda, motion):
    planted = Scene((Sphere((0.307, 0.0, 0.55), 0.02, id="planted"),))
    full = verify(motion, panda, planted, from_time=0.1)
    assert verify_contact(motion, panda, planted, 0.1) == full
    assert verify_contact(motion, panda, planted, motion.duration - 0.2).valid
    fast = replace(motion, time_from_start=motion.time_from_start / 10)
    assert not verify(fast, panda, EMPTY).valid and verify_contact(fast, panda, EMPTY, 0.0).valid
    assert verify_contact(motion, panda, EMPTY, motion.duration).code == ErrorCode.WRONG_LENGTH


@pytest.mark.parametrize("moment", [-0.1, 1e9, np.nan])
def test_a_moment_outside_of_the_motion_is_refused(panda, motion, moment):
    assert verify(motion, panda, EMPTY, from_time=moment).code == ErrorCode.WRONG_LENGTH
