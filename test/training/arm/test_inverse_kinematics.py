"""Training data is the arm's own kinematics; a short run learns, is saved for its arm and resumes."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.learned_inverse_kinematics import LearnedInverseKinematics
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.inverse_kinematics.end_joints import EndJoints
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.training.arm import inverse_kinematics
from genmodels_ros.training.arm.inverse_kinematics import UniformConfigurations, train

SMALL = {"layers": 1, "width": 16, "hidden": 1, "bins": 4}.items()


def test_batches_are_configurations_within_limits_and_where_they_lead():
    ends = EndJoints(load_robot("ur5"))
    batch = UniformConfigurations(ends, torch.device("cpu")).draw(200, torch.Generator().manual_seed(0))
    limits = ends.robot.limits
    assert (batch.x.numpy() >= limits.lower[1:-1] - 1e-6).all() and (batch.x.numpy() <= limits.upper[1:-1] + 1e-6).all()
    whole = torch.nn.functional.pad(batch.x, (1, 1), value=0.7)
    reduced = ends.reduce(link_pose(ends.robot.chain, whole, ends.robot.tool_frame))
    torch.testing.assert_close(batch.condition, reduced, atol=1e-5, rtol=1e-4)


def test_a_short_run_makes_a_checkpoint_for_its_arm_and_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(inverse_kinematics, "HELD_OUT", 256)
    card = train(tmp_path, 20, robot="ur5", batch_size=64, device="cpu", settings=SMALL)
    assert card.config["data_robot"] == "ur5" and card.metrics["held_out_loss"] < 4 * 1.5
    assert "--robot ur5" in card.command and "--set width=16" in card.command
    ik = LearnedInverseKinematics.from_checkpoint(tmp_path, robot="ur5")
    assert ik.propose(np.eye(4), 5, torch.Generator().manual_seed(0)).shape == (5, 6)
    assert load_robot(tmp_path / "robot.json").joint_names == ik.robot.joint_names
    again = train(tmp_path, 30, robot="ur5", batch_size=64, device="cpu", settings=SMALL, resume=True)
    assert again.metrics["held_out_loss"] <= card.metrics["held_out_loss"]


def test_an_arm_without_middle_joints_is_refused(tmp_path):
    with pytest.raises(GenModelsError) as error:
        train(tmp_path, 5, robot="planar2", device="cpu")
    assert error.value.code is ErrorCode.UNSUPPORTED
