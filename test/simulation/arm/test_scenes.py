"""Made-up scenes leave the arm's column free."""

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Sphere
from genmodels_ros.simulation.arm.scenes import random_arm_scene
from genmodels_ros.simulation.arm.space import MAX_OBSTACLES, PANDA, ArmSpace, arm_space


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


def test_furniture_is_as_large_as_the_arm():
    small = ArmSpace(shoulder=(0.0, 0.0, 0.1665), reach=0.425)
    for seed in range(10):
        full, half = (random_arm_scene(np.random.default_rng(seed), space) for space in (PANDA, small))
        for one, other in zip(full.obstacles, half.obstacles, strict=True):
            np.testing.assert_allclose(2 * other.center, one.center, atol=1e-9)


@pytest.mark.parametrize("name", ["panda", "ur5", "planar2"])
def test_the_column_is_free(name):
    """Links that only turn about the vertical axis touch nothing."""
    robot, rng = load_robot(name), np.random.default_rng(1)
    space = arm_space(robot)
    standing = Sphere((0.0, 0.0, space.shoulder[2] / 2), 0.05)
    turning = {"panda": "panda_link1 ", "ur5": "shoulder_link ", "planar2": "post "}[name]
    for _ in range(15):
        scene = random_arm_scene(rng, space)
        contact = CollisionChecker(robot, scene).contact(robot.ready)
        assert contact is None or not contact.startswith(turning)
        assert all(np.linalg.norm(o.center - standing.center) > 0.05 for o in scene.obstacles)
