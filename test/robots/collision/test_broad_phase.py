"""The broad phase never lets a touching pair go, and lets most others go."""

import numpy as np

from genmodels_ros.robots.collision import broad_phase
from genmodels_ros.robots.collision.broad_phase import BroadPhase
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere

SCENE = Scene(
    (
        Box((0.5, 0.1, 0.3), (0.2, 0.4, 0.1), (0.1, 0.2, 0.3, np.sqrt(0.86))),
        Cylinder((-0.3, 0.4, 0.5), 0.1, 0.5, (0.5, 0.5, -0.5, 0.5)),
        Sphere((0.2, -0.5, 0.6), 0.2),
    )
)


def test_every_touching_configuration_is_a_candidate(panda, rng):
    q = rng.uniform(panda.limits.lower, panda.limits.upper, (1000, 7))
    for scene in (SCENE, Scene()):
        checker = CollisionChecker(panda, scene)
        found = BroadPhase(Proximity(panda, scene)).candidates(q)
        suspects = np.zeros(len(q), dtype=bool)
        suspects[found.with_obstacles[:, 0]] = suspects[found.with_self[:, 0]] = True
        touching = np.array([checker.in_collision(row) for row in q])
        assert (suspects | ~touching).all()
        assert suspects.mean() < touching.mean() + 0.35


def test_lower_bounds_are_below_every_distance(panda, rng):
    q = rng.uniform(panda.limits.lower, panda.limits.upper, (100, 7))
    bounds = BroadPhase(Proximity(panda, SCENE)).lower_bounds(q)
    assert bounds.shape == (100, len(panda.obstacle_links), 3)
    for index in range(3):
        checker = CollisionChecker(panda, Scene((SCENE.obstacles[index],)))
        exact = np.array([checker.clearance(row) for row in q])
        clear = exact > 0
        assert (bounds[clear, :, index].min(axis=1) <= exact[clear] + 1e-5).all()


def test_parts_find_what_the_whole_finds(panda, rng, monkeypatch):
    q = rng.uniform(panda.limits.lower, panda.limits.upper, (100, 7))
    phase = BroadPhase(Proximity(panda, SCENE))
    whole = phase.candidates(q)
    monkeypatch.setattr(broad_phase, "LARGEST", 21)
    parts = phase.candidates(q)
    np.testing.assert_array_equal(parts.with_obstacles, whole.with_obstacles)
    np.testing.assert_array_equal(parts.with_self, whole.with_self)
