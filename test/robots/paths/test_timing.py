"""The timing law: limits hold on any path, ends are at rest, and little time is wasted."""

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.paths.bspline import evaluate, straight_line
from genmodels_ros.robots.paths.timing import time_parameterise


def random_paths(robot, count, rng, noise=0.2):
    for _ in range(count):
        start, goal = rng.uniform(robot.limits.lower, robot.limits.upper, size=(2, robot.num_joints))
        points = straight_line(start, goal, 16)
        points[2:-2] += noise * rng.normal(size=(12, robot.num_joints))
        yield points


def derivative(trajectory, name):
    return np.abs(np.diff(getattr(trajectory, name), axis=0)).max(axis=0) / trajectory.time_from_start[1]


@pytest.mark.parametrize("velocity_scaling, acceleration_scaling", [(1, 1), (0.3, 1), (1, 0.1), (0.05, 0.05)])
def test_limits_are_kept_by_finite_differences(panda, rng, velocity_scaling, acceleration_scaling):
    limits = panda.limits
    for points in random_paths(panda, 10, rng):
        trajectory = time_parameterise(points, limits, velocity_scaling, acceleration_scaling)
        assert (derivative(trajectory, "positions") <= limits.velocity * velocity_scaling).all()
        assert (derivative(trajectory, "velocities") <= limits.acceleration * acceleration_scaling).all()
        assert (derivative(trajectory, "accelerations") <= limits.jerk * acceleration_scaling).all()


def test_ends_are_exact_and_at_rest(panda, rng):
    for points in random_paths(panda, 5, rng):
        trajectory = time_parameterise(points, panda.limits)
        np.testing.assert_array_equal(trajectory.positions[[0, -1]], points[[0, -1]])
        assert not trajectory.velocities[[0, -1]].any() and not trajectory.accelerations[[0, -1]].any()


def test_derivatives_belong_to_the_positions(panda, rng):
    trajectory = time_parameterise(next(random_paths(panda, 1, rng)), panda.limits)
    h = trajectory.time_from_start[1]
    between = (trajectory.velocities[1:] + trajectory.velocities[:-1]) / 2 * h
    correction = (trajectory.accelerations[:-1] - trajectory.accelerations[1:]) * h**2 / 12
    np.testing.assert_allclose(np.diff(trajectory.positions, axis=0), between + correction, atol=2e-5)


def test_the_path_is_followed(panda, rng):
    for points in random_paths(panda, 5, rng):
        path = evaluate(points, np.linspace(0, 1, 4000))
        positions = time_parameterise(points, panda.limits).positions
        gap = np.abs(positions[:, None] - path[None]).max(axis=-1).min(axis=1)
        assert gap.max() < 2e-3


def test_straight_lines_take_little_more_than_the_least_time(panda, rng):
    velocity, acceleration = panda.limits.velocity, panda.limits.acceleration
    for points in random_paths(panda, 20, rng, noise=0):
        distance = np.abs(points[-1] - points[0])
        reaches_speed = distance > velocity**2 / acceleration
        least = np.where(
            reaches_speed, distance / velocity + velocity / acceleration, 2 * np.sqrt(distance / acceleration)
        ).max()
        assert least < time_parameterise(points, panda.limits).duration < 1.25 * least


def test_a_path_that_does_not_move_takes_no_time_to_speak_of(panda):
    trajectory = time_parameterise(np.tile(panda.ready, (16, 1)), panda.limits)
    assert trajectory.duration < 0.2 and np.ptp(trajectory.positions) == np.ptp(panda.ready)


@pytest.mark.parametrize("scaling", [0, -1, 1.5, np.nan])
def test_scaling_outside_of_its_range_is_refused(panda, scaling):
    with pytest.raises(GenModelsError) as error:
        time_parameterise(np.zeros((16, 7)), panda.limits, velocity_scaling=scaling)
    assert error.value.code == ErrorCode.INVALID_SCALING


def test_control_points_that_are_no_numbers_are_refused(panda):
    with pytest.raises(GenModelsError) as error:
        time_parameterise(np.full((16, 7), np.nan), panda.limits)
    assert error.value.code == ErrorCode.NOT_FINITE
