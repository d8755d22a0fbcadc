"""Poses against their definitions."""

import numpy as np
import pytest
from geometry_msgs.msg import Pose
from hypothesis import given
from hypothesis import strategies as st

from genmodels_ros.conversions.poses import from_planar, relative_to, to_matrix, to_planar, to_pose
from genmodels_ros.errors import ErrorCode, GenModelsError

METRES, YAW = st.floats(-100, 100), st.floats(-3.14, 3.14)
PLANAR = st.tuples(METRES, METRES, YAW).map(np.array)


@given(PLANAR)
def test_planar_poses_there_and_back(pose):
    np.testing.assert_allclose(to_planar(from_planar(pose)), pose, atol=1e-9)


@given(PLANAR, PLANAR)
def test_relative_to_is_the_inverse_times_the_pose(origin, pose):
    expected = np.linalg.inv(to_matrix(from_planar(origin))) @ to_matrix(from_planar(pose))
    np.testing.assert_allclose(to_matrix(from_planar(relative_to(origin, pose))), expected, atol=1e-7)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_matrices_are_rotations_about_the_quaternion_s_axis(quaternion):
    q = np.array(quaternion) / np.linalg.norm(quaternion)
    rotation = to_matrix(to_pose((1, 2, 3), q))[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    np.testing.assert_allclose(rotation @ q[:3], q[:3], atol=1e-9)
    np.testing.assert_allclose(np.trace(rotation), 4 * q[3] ** 2 - 1, atol=1e-9)


@pytest.mark.parametrize(
    ("xyz", "quaternion"),
    [
        ((np.nan, 0, 0), (0, 0, 0, 1)),
        ((0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, 0), (0, 0, 0, 1.1)),
        ((0, 0, np.inf), (0, 0, 0, 1)),
        ((0, 0, 0), (np.nan, 0, 0, 1)),
    ],
)
def test_what_is_no_pose_is_refused(xyz, quaternion):
    for convert in (to_matrix, to_planar):
        with pytest.raises(GenModelsError) as error:
            convert(to_pose(xyz, quaternion))
        assert error.value.code == ErrorCode.NOT_FINITE


def test_the_default_pose_is_the_identity():
    np.testing.assert_array_equal(to_matrix(Pose()), np.eye(4))
