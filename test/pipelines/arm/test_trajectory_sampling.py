"""Samples belong to their goals, whatever other goals are asked for beside them."""

import numpy as np
import pytest
import torch

from genmodels_ros.models.diffusion import TrajectoryDiffusion
from genmodels_ros.pipelines.arm.trajectory_sampling import TrajectorySampler
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.features import num_path_features


@pytest.fixture(scope="module")
def robot():
    return load_robot("panda")


@pytest.fixture(scope="module")
def sampler(robot) -> TrajectorySampler:
    """Random weights, so that samples depend on the goal."""
    torch.manual_seed(0)
    model = TrajectoryDiffusion(path_features=num_path_features(robot), width=16, layers=1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return TrajectorySampler(model, torch.device("cpu"))


def test_samples_of_one_goal_do_not_depend_on_the_other(sampler, robot):
    one, other = robot.ready + 0.2, robot.ready - 0.4
    options = {"num_samples": 6, "seed": 1}
    alike = sampler.sample(robot, robot.ready, np.stack([one, one]), Scene(), **options)
    mixed = sampler.sample(robot, robot.ready, np.stack([one, other]), Scene(), **options)
    assert alike.shape == (6, 16, 7)
    np.testing.assert_allclose(mixed[0::2], alike[0::2], atol=1e-4)
    np.testing.assert_array_equal(mixed[1::2, -1], np.repeat(other[None], 3, 0))
    assert np.abs(mixed[1::2, 2:-2] - alike[1::2, 2:-2]).max() > 0.1


def test_an_odd_number_of_samples_is_shared_out_over_the_goals(sampler, robot):
    goals = np.stack([robot.ready + 0.1, robot.ready + 0.2, robot.ready + 0.3])
    paths = sampler.sample(robot, robot.ready, goals, Scene(), num_samples=5, seed=0)
    np.testing.assert_array_equal(paths[:, -1], goals[[0, 1, 2, 0, 1]])
    np.testing.assert_array_equal(paths[:, 0], np.repeat(robot.ready[None], 5, 0))
