"""The cost's gradient is the derivative of its terms, written here with the room's differentiable distances."""

import numpy as np
import pytest
import torch

from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.distance import ObstacleField
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.cost import CostSettings, PathCost
from genmodels_ros.robots.spheres import obstacle_distances, self_distances, sphere_centers

SWING = np.array([0.8, 0, 0, 0, 0, 0, 0])
BOX = Box((0.4, 0.1, 0.5), (0.2, 0.1, 0.3), (0, 0, 0.3826834, 0.9238795))
BALL, POST = Sphere((0.3, -0.3, 0.6), 0.1), Cylinder((0.34, 0.0, 0.45), 0.04, 0.9)
WORKSPACE = np.array([[0.3, -0.1, 0.3], [0.5, 0.2, 0.5]])
OFF = {"collision": 0.0, "length": 0.0, "smoothness": 0.0}


def around(robot, spread: float) -> torch.Tensor:
    """Three paths of 16 control points past the front of the arm, disturbed at random."""
    paths = np.repeat(straight_line(robot.ready - SWING, robot.ready + SWING, 16)[None], 3, axis=0)
    paths[:, 2:-2] += spread * np.random.default_rng(0).normal(size=(3, 1, 7))
    paths = np.clip(paths, robot.limits.lower, robot.limits.upper)
    return torch.tensor(paths, dtype=torch.float32).requires_grad_()


def gradient(robot, scene: Scene, settings: CostSettings, paths: torch.Tensor, workspace=None) -> torch.Tensor:
    cost, values = PathCost(Proximity(robot, scene), settings, 16, workspace), paths.detach().numpy()
    placed = cost.place(values)
    return torch.from_numpy(cost.expand(values, placed, cost.near_pairs(placed)).gradient).reshape(3, 12, 7)


def assert_derivative(found: torch.Tensor, value: torch.Tensor, paths: torch.Tensor) -> None:
    (expected,) = torch.autograd.grad(value, paths)
    expected = expected[:, 2:-2]
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3 * float(expected.abs().max()) + 1e-6)


@pytest.mark.parametrize("obstacles", [(POST,), (BOX,), (BALL,), ()])
def test_of_collisions(panda, obstacles):
    """Of one obstacle, as the nearest is then every one; without any, of the robot's contact with itself."""
    settings, scene = CostSettings(length=0.0, smoothness=0.0), Scene(obstacles)
    paths = around(panda, 0.6 if obstacles else 2.5)
    cost = PathCost(Proximity(panda, scene), settings, 16)
    centers = sphere_centers(panda.chain, panda.spheres, torch.from_numpy(cost.basis) @ paths)
    near = obstacle_distances(panda.spheres, centers.flatten(0, 1), ObstacleField.from_scene(scene))
    gaps = ((settings.margin, near), (settings.self_margin, self_distances(panda.spheres, centers)))
    violations = sum((margin - gap).clamp(min=0).square().sum() for margin, gap in gaps)
    value = settings.collision / settings.waypoints / 2 * violations
    assert_derivative(gradient(panda, scene, settings, paths), value, paths)


def test_of_length_and_smoothness(panda):
    paths = around(panda, 0.6)
    first = torch.diff(paths, dim=1)
    value = 15 / 2 * (3.0 * first.square().sum() + 0.5 * torch.diff(first, dim=1).square().sum())
    settings = CostSettings(**OFF | {"length": 3.0, "smoothness": 0.5})
    assert_derivative(gradient(panda, Scene(), settings, paths), value, paths)


def test_of_leaving_the_workspace(panda):
    paths = around(panda, 0.6)
    settings = CostSettings(**OFF | {"workspace": 100.0})
    basis = torch.from_numpy(PathCost(Proximity(panda, Scene()), settings, 16).basis)
    tool = link_pose(panda.chain, basis @ paths, panda.tool_frame)[..., :3, 3]
    lower, upper = torch.tensor(WORKSPACE, dtype=torch.float32)
    beyond = (tool - upper).clamp(min=0) + (lower - tool).clamp(min=0)
    value = 100.0 / 32 / 2 * beyond.square().sum()
    assert_derivative(gradient(panda, Scene(), settings, paths, WORKSPACE), value, paths)
