"""Reading URDFs: mimic joints, orders, broken documents."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.urdf import build_chain, read_joints, standing_positions


@pytest.mark.parametrize("text", ["", "<robot><joint/></robot>", "not xml"])
def test_broken_urdfs_are_refused(text):
    with pytest.raises(GenModelsError) as error:
        read_joints(text)
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE


def test_mimic_joints_follow_their_leader(panda):
    joints = read_joints(panda.urdf.read_text())
    standing = standing_positions(joints, panda.joint_names, {"panda_finger_joint1": 0.03})
    chain = build_chain(joints, panda.joint_names, panda.base_frame, standing)
    gap = chain.body_from_link[chain.link("panda_leftfinger")] - chain.body_from_link[chain.link("panda_rightfinger")]
    assert np.linalg.norm(gap[:3, 3]) == pytest.approx(0.06)


def test_joints_out_of_order_are_refused(panda):
    with pytest.raises(GenModelsError) as error:
        build_chain(read_joints(panda.urdf.read_text()), panda.joint_names[::-1], panda.base_frame, {})
    assert error.value.code == ErrorCode.UNKNOWN_JOINT


def test_unknown_joints_are_refused(panda):
    with pytest.raises(GenModelsError) as error:
        build_chain(read_joints(panda.urdf.read_text()), ("panda_joint9",), panda.base_frame, {})
    assert error.value.code == ErrorCode.UNKNOWN_JOINT and "panda_joint9" in error.value.message


def test_prismatic_joints_slide_along_their_axis(panda):
    joints = read_joints(panda.urdf.read_text())
    chain = build_chain(joints, ("panda_finger_joint1",), "panda_hand", {})
    assert chain.prismatic.all() and chain.num_joints == 1
    for finger, side in (("panda_leftfinger", 1), ("panda_rightfinger", -1)):  # the second one follows
        pose = link_pose(chain, torch.tensor([[0.03]], dtype=torch.float64), finger)[0]
        np.testing.assert_allclose(pose[:3, 3], [0.0, side * 0.03, 0.0584], atol=1e-12)
