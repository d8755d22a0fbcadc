"""A solid seen from another frame is the same solid."""

import numpy as np
import pytest

from genmodels_ros.robots.obstacles import Box, Sphere
from genmodels_ros.robots.scene.placed import placed, quaternion
from genmodels_ros.robots.scene_arrays import rotation_matrices
from genmodels_ros.robots.urdf import pose_matrix


@pytest.mark.parametrize("rpy", [(0, 0, 0), (np.pi, 0, 0), (0.3, -1.2, 2.5), (0, np.pi, 0), (0, 0, np.pi), (1, 2, 3)])
def test_quaternions_and_matrices_say_the_same(rpy):
    matrix = pose_matrix((0, 0, 0), rpy)[:3, :3]
    np.testing.assert_allclose(rotation_matrices(quaternion(matrix)), matrix, atol=1e-12)


def test_frames_chain(rng):
    first, second = (pose_matrix(rng.normal(size=3), rng.normal(size=3)) for _ in range(2))
    box = Box((0.1, 0.2, 0.3), (1, 2, 3), quaternion(pose_matrix((0, 0, 0), (0.1, 0.2, 0.3))[:3, :3]), "box")
    once, twice = placed(box, first @ second), placed(placed(box, second), first)
    np.testing.assert_allclose(once.center, twice.center)
    np.testing.assert_allclose(rotation_matrices(once.quat_xyzw), rotation_matrices(twice.quat_xyzw), atol=1e-12)
    assert once.id == "box" and tuple(once.dims) == (1, 2, 3)
    ball = placed(Sphere((1, 0, 0), 0.5, "ball"), first)
    np.testing.assert_allclose(ball.center, first[:3, 0] + first[:3, 3])
    np.testing.assert_array_equal(placed(box, np.eye(4)).center, box.center)
