"""The optimiser leads paths out of obstacles without leaving ends or limits."""

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths import optimisation
from genmodels_ros.robots.paths.bspline import evaluate, straight_line
from genmodels_ros.robots.paths.optimisation import optimise

SWING = np.array([0.8, 0, 0, 0, 0, 0, 0])
POST = Scene((Cylinder((0.34, 0.0, 0.45), 0.04, 0.9, id="post"),))
MIXED = Scene(
    (
        Box((0.4, 0.1, 0.5), (0.2, 0.1, 0.3), (0, 0, 0.3826834, 0.9238795)),
        Sphere((0.3, -0.3, 0.6), 0.1),
        *POST.obstacles,
    )
)


@pytest.fixture(scope="module")
def robot():
    return load_robot("panda")


def around(robot, count: int = 3, spread: float = 0.3, seed: int = 0) -> np.ndarray:
    """Paths of 16 control points past the front of the arm, disturbed at random."""
    paths = np.repeat(straight_line(robot.ready - SWING, robot.ready + SWING, 16)[None], count, axis=0)
    paths[:, 2:-2] += spread * np.random.default_rng(seed).normal(size=(count, 1, 7))
    return np.clip(paths, robot.limits.lower, robot.limits.upper)


def test_paths_through_a_post_are_led_around_it(robot):
    paths = around(robot, spread=0.1)
    checker = CollisionChecker(robot, POST)
    s = np.linspace(0, 1, 200)
    assert all(checker.collisions(evaluate(path, s)).any() for path in paths)
    better, clearance = optimise(paths, robot, POST)
    assert (clearance > 0).mean() >= 0.5
    for path, gap in zip(better, clearance, strict=True):
        if gap > 0.005:
            assert not checker.collisions(evaluate(path, s)).any()


def test_ends_stay_and_limits_hold(robot):
    paths = around(robot, spread=2.0)
    better, _ = optimise(paths, robot, MIXED)
    np.testing.assert_allclose(better[:, [0, 1, -2, -1]], paths[:, [0, 1, -2, -1]], atol=1e-6)
    assert robot.within_limits(better)


def test_free_paths_become_straight(robot):
    paths = around(robot, spread=0.3)
    better, clearance = optimise(paths, robot, Scene())
    np.testing.assert_allclose(better[..., 1:], np.broadcast_to(robot.ready[1:], better[..., 1:].shape), atol=0.01)
    assert (np.diff(better[..., 0], axis=1) >= 0).all()
    assert (clearance > 0).all()


def test_paths_do_not_influence_each_other(robot):
    paths = around(robot, spread=0.5)
    together, _ = optimise(paths, robot, POST)
    alone = np.concatenate([optimise(path[None], robot, POST)[0] for path in paths])
    np.testing.assert_allclose(together, alone, atol=0.02)


def test_parts_are_optimised_as_the_whole(robot, monkeypatch):
    paths = around(robot, count=5)
    whole, clearance = optimise(paths, robot, POST)
    monkeypatch.setattr(optimisation, "LARGEST", 2)
    parts, gaps = optimise(paths, robot, POST)
    np.testing.assert_allclose(parts, whole, atol=0.02)
    np.testing.assert_allclose(gaps, clearance, atol=0.005)
