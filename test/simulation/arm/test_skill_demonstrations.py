"""Made-up demonstrations do the task they claim to, each in its own way."""

import numpy as np
import pytest
import torch

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.simulation.arm.skill_demonstrations import FARTHEST, ball_in_the_way, make_task

ROBOT = load_robot("panda")


def gap(path, point) -> float:
    tool = link_pose(ROBOT.chain, torch.as_tensor(path), ROBOT.tool_frame)[:, :3, 3].numpy()
    return float(np.linalg.norm(tool - point, axis=1).min())


@pytest.mark.parametrize("seed", range(3))
def test_all_pass_the_via_point_free_and_within_the_limits_and_none_as_another(seed):
    task = make_task(ROBOT, seed)
    checker = CollisionChecker(ROBOT, task.scene)
    for path in task.demonstrations:
        assert gap(path, task.via) < 0.012  # 2 mm of care an axis, and up to 2 cm between two readings
        assert ROBOT.within_limits(path) and not checker.collisions(path).any()
    assert len({len(path) for path in task.demonstrations}) == 5
    starts = np.array([path[0] for path in task.demonstrations])
    assert 0.02 < starts.std(axis=0).mean() < 0.1
    assert 0 < np.linalg.norm(task.moved - task.via) <= FARTHEST


def test_a_seed_reproduces_a_task():
    one, same, other = (make_task(ROBOT, seed) for seed in (1, 1, 2))
    for a, b in zip(one.demonstrations, same.demonstrations, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.allclose(one.via, other.via)


def test_a_ball_in_the_way_is_in_the_way_and_leaves_what_is_to_be_kept():
    task = make_task(ROBOT, 0)
    path, keep = task.demonstrations[0], task.demonstrations[0][[0, -1]]
    checker = CollisionChecker(ROBOT, ball_in_the_way(ROBOT, task.scene, path, keep, 0))
    assert checker.collisions(path).any() and not checker.collisions(keep).any()
