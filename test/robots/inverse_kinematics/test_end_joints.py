"""The end joints have a closed form: nothing of the pose is lost, and the angles it gives are the best there are."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.inverse_kinematics.end_joints import EndJoints
from genmodels_ros.robots.kinematics import link_pose


@pytest.fixture(scope="module", params=["panda", "ur5"])
def ends(request) -> EndJoints:
    return EndJoints(load_robot(request.param))


def configurations(ends: EndJoints, count: int = 200) -> torch.Tensor:
    limits = ends.robot.limits
    return torch.as_tensor(np.random.default_rng(0).uniform(limits.lower, limits.upper, (count, len(limits.lower))))


def poses(ends: EndJoints, q: torch.Tensor) -> torch.Tensor:
    return link_pose(ends.robot.chain, q, ends.robot.tool_frame)


def test_the_reduced_pose_is_what_the_middle_joints_alone_decide(ends):
    q = configurations(ends)
    torch.testing.assert_close(ends.reduce(poses(ends, q)), ends.reduced_forward(ends.middle(q)))


def test_completing_the_middle_joints_gives_the_pose_and_the_limits_back(ends):
    q = configurations(ends)
    completed = ends.complete(ends.middle(q), poses(ends, q))
    torch.testing.assert_close(poses(ends, completed), poses(ends, q))
    turns = (completed - q) / (2 * np.pi)
    torch.testing.assert_close(turns, turns.round(), atol=1e-9, rtol=0)
    assert ends.robot.within_limits(completed.numpy())


def test_no_other_end_angles_come_nearer(ends):
    """Position and direction of the last axis for the first joint, the whole rotation for the last."""
    q = configurations(ends, 50)
    target = poses(ends, q)
    nearby = ends.middle(q) + 0.05 * torch.randn(len(q), q.shape[1] - 2, generator=torch.Generator().manual_seed(0))
    best = ends.complete(nearby, target)

    def rotation_error(last: torch.Tensor) -> torch.Tensor:
        moved = torch.cat([best[:, :-1], last[:, None]], dim=1)
        return (poses(ends, moved) - target)[:, :3, :3].square().sum((1, 2))

    for turn in (-0.02, 0.02):
        assert (rotation_error(best[:, -1]) <= rotation_error(best[:, -1] + turn)).all()
    error = (poses(ends, best) - target)[:, :3, 3].norm(dim=1)
    assert error.median() < 0.1


def test_an_arm_of_two_joints_is_refused():
    with pytest.raises(GenModelsError) as error:
        EndJoints(load_robot("planar2"))
    assert error.value.code is ErrorCode.UNSUPPORTED
