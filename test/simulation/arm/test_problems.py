"""Problems are solvable in principle: both ends free, far apart, near what stands around."""

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.problems import random_problems
from genmodels_ros.simulation.arm.scenes import random_arm_scene
from genmodels_ros.simulation.arm.space import arm_space


@pytest.mark.parametrize(("name", "near"), [("panda", 0.1), ("ur5", 0.1), ("planar2", 0.25)])
def test_problems_are_free_far_apart_and_near_obstacles(name, near):
    """Near is less so for an arm that cannot leave its plane."""
    robot, rng, clearances = load_robot(name), np.random.default_rng(2), []
    for _ in range(8):
        checker = CollisionChecker(robot, random_arm_scene(rng, arm_space(robot)))
        for start, goal in random_problems(checker, rng, 3):
            assert robot.within_limits(np.array([start, goal]))
            assert not checker.in_collision(start) and not checker.in_collision(goal)
            assert np.linalg.norm(goal - start) > 0.5
            clearances.append(checker.clearance(goal))
    assert len(clearances) >= 12 and np.median(clearances) < near
