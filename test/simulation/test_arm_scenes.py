"""Made-up scenes leave the arm's column free and their problems are solvable in principle."""

import numpy as np
import pytest

from genmodels_ros.robots.collision import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Sphere
from genmodels_ros.simulation.arm_scenes import FAMILIES, MAX_OBSTACLES, WEIGHTS, random_arm_scene, random_problems


def described(scene):
    return [(type(o).__name__, *o.center) for o in scene.obstacles]


def test_equal_seeds_give_equal_scenes():
    assert described(random_arm_scene(np.random.default_rng(5))) == described(
        random_arm_scene(np.random.default_rng(5))
    )
    assert described(random_arm_scene(np.random.default_rng(5))) != described(
        random_arm_scene(np.random.default_rng(6))
    )


def test_scenes_have_all_kinds_of_obstacles_and_few_enough():
    rng, kinds = np.random.default_rng(0), set()
    for _ in range(60):
        scene = random_arm_scene(rng)
        assert 1 <= len(scene.obstacles) <= MAX_OBSTACLES
        kinds |= {type(obstacle) for obstacle in scene.obstacles}
    assert kinds == {Box, Cylinder, Sphere}


def test_families_have_weights():
    assert len(FAMILIES) == len(WEIGHTS) and sum(WEIGHTS) == pytest.approx(1)


def test_the_column_is_free():
    """Links that only turn about the vertical axis touch nothing."""
    robot, rng = load_robot("panda"), np.random.default_rng(1)
    for _ in range(20):
        contact = CollisionChecker(robot, random_arm_scene(rng)).contact(robot.ready)
        assert contact is None or not contact.startswith("panda_link1 ")


def test_problems_are_free_far_apart_and_near_obstacles():
    robot, rng, clearances = load_robot("panda"), np.random.default_rng(2), []
    for _ in range(8):
        checker = CollisionChecker(robot, random_arm_scene(rng))
        for start, goal in random_problems(checker, rng, 3):
            assert robot.within_limits(np.array([start, goal]))
            assert not checker.in_collision(start) and not checker.in_collision(goal)
            assert np.linalg.norm(goal - start) > 0.5
            clearances.append(checker.clearance(goal))
    assert len(clearances) >= 12 and np.median(clearances) < 0.1
