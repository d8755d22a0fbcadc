"""The two-link arm, for which everything is known in closed form."""

import numpy as np
import pytest
import torch

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import jacobian, link_pose
from genmodels_ros.robots.obstacles import Box, Scene, Sphere

UPPER, FORE, HEIGHT = 0.4, 0.3, 0.3  # m


@pytest.fixture(scope="module")
def arm():
    return load_robot("planar2")


def test_forward_kinematics_is_the_closed_form(arm, rng):
    q = rng.uniform(arm.limits.lower, arm.limits.upper, (50, 2))
    pose = link_pose(arm.chain, torch.as_tensor(q), "tool").numpy()
    shoulder, both = q[:, 0], q.sum(axis=1)
    x = UPPER * np.cos(shoulder) + FORE * np.cos(both)
    y = UPPER * np.sin(shoulder) + FORE * np.sin(both)
    np.testing.assert_allclose(pose[:, :3, 3], np.stack([x, y, np.full(50, HEIGHT)], axis=1), atol=1e-12)
    np.testing.assert_allclose(pose[:, :2, 0], np.stack([np.cos(both), np.sin(both)], axis=1), atol=1e-12)


def test_manipulability_is_the_closed_form(arm, rng):
    """det J = l1 l2 sin(elbow) in the plane."""
    q = rng.uniform(arm.limits.lower, arm.limits.upper, (20, 2))
    columns = jacobian(arm.chain, torch.as_tensor(q), "tool")[1].numpy()
    np.testing.assert_allclose(np.linalg.det(columns[:, :2]), UPPER * FORE * np.sin(q[:, 1]), atol=1e-12)


def test_collisions_are_where_geometry_says(arm):
    """Stretched out along x, the forearm's box ends at 0.68 m and is 0.05 m thick; contact counts from 1 mm on."""
    for gap, touches in ((0.0005, True), (0.002, False)):
        ahead = Scene((Box((0.68 + gap + 0.05, 0.0, HEIGHT), (0.1, 0.1, 0.1)),))
        above = Scene((Sphere((0.55, 0.0, HEIGHT + 0.025 + gap + 0.03), 0.03),))
        for scene in (ahead, above):
            assert CollisionChecker(arm, scene).in_collision(np.zeros(2)) == touches
