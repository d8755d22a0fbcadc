"""RRTConnect finds ways around, its waypoints are free, seeds repeat, and it gives up in time."""

import time

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.obstacles import Box, Scene
from genmodels_ros.robots.paths.planning import interpolate, plan

WALL = Scene((Box((0.55, 0.0, 0.35), (0.6, 0.03, 0.7), id="wall"), Box((0.0, 0.0, -0.06), (2.0, 2.0, 0.1), id="table")))


@pytest.fixture
def query(panda):
    start, goal = panda.ready.copy(), panda.ready.copy()
    start[0], goal[0] = -0.7, 0.7
    return CollisionChecker(panda, WALL), start, goal


def test_a_way_around_a_wall_is_found_and_free(query):
    checker, start, goal = query
    assert checker.collisions(interpolate(np.array([start, goal]))).any()
    waypoints = plan(checker, start, goal, time_limit=10, seed=3)
    np.testing.assert_allclose(waypoints[[0, -1]], [start, goal], atol=1e-12)
    assert not checker.collisions(interpolate(waypoints, 0.005)).any()
    assert checker.robot.within_limits(waypoints)


def test_equal_seeds_give_equal_plans(query):
    checker, start, goal = query
    first, second, other = (plan(checker, start, goal, 10, seed, simplification_time=0) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert first.shape != other.shape or not np.allclose(first, other)


def test_a_goal_that_cannot_be_reached_ends_at_the_time_limit(panda):
    """Between two walls, under a lid, the arm has no room to turn round."""
    walls = [Box((0.0, side * 0.23, 0.4), (2.4, 0.02, 1.2)) for side in (-1, 1)]
    checker = CollisionChecker(panda, Scene((*walls, Box((0.0, 0.0, 0.9), (2.4, 0.5, 0.02)))))
    goal = panda.ready.copy()
    goal[0] = 2.89
    assert not checker.in_collision(panda.ready) and not checker.in_collision(goal)
    began = time.monotonic()
    assert plan(checker, panda.ready, goal, time_limit=0.3) is None
    assert 0.25 < time.monotonic() - began < 1.5


def test_interpolation_is_fine_and_keeps_waypoints():
    waypoints = np.array([[0.0, 0.0], [0.1, 0.0], [0.1, -0.5]])
    q = interpolate(waypoints)
    assert np.abs(np.diff(q, axis=0)).max() <= 0.01 + 1e-12
    assert all(np.abs(q - waypoint).max(axis=1).min() == 0 for waypoint in waypoints)
