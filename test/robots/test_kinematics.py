"""Forward kinematics against Pinocchio, its gradient against finite differences."""

from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest
import torch

import genmodels_ros.robots
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import forward, jacobian, link_pose

ROBOTS = sorted(path.stem for path in Path(genmodels_ros.robots.__file__).parent.glob("*.yaml"))


@pytest.fixture(params=ROBOTS)
def robot(request):
    return load_robot(request.param)


def configurations(robot, count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(robot.limits.lower, robot.limits.upper, size=(count, robot.num_joints))


def pinocchio_links(robot, q):
    """[L, 4, 4] of one configuration, fingers at the robot's opening."""
    model = pin.buildModelFromUrdf(str(robot.urdf))
    data, full = model.createData(), pin.neutral(model)
    for name, value in zip(robot.joint_names, q, strict=True):
        full[model.joints[model.getJointId(name)].idx_q] = value
    for name in robot.finger_joints:
        full[model.joints[model.getJointId(name)].idx_q] = robot.finger_position
    pin.framesForwardKinematics(model, data, full)
    return np.array([data.oMf[model.getFrameId(link)].homogeneous for link in robot.chain.link_names])


def test_every_link_agrees_with_pinocchio(robot):
    q = configurations(robot, 20)
    ours = forward(robot.chain, torch.as_tensor(q)).numpy()
    theirs = np.array([pinocchio_links(robot, row) for row in q])
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_fingers_stand_where_they_are_told():
    wide = load_robot("panda", finger_position=0.065)
    q = configurations(wide, 1)
    np.testing.assert_allclose(
        forward(wide.chain, torch.as_tensor(q[0])).numpy(), pinocchio_links(wide, q[0]), atol=1e-9
    )


def test_gradient_agrees_with_finite_differences(robot):
    q = torch.as_tensor(configurations(robot, 3), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: forward(robot.chain, x), (q,), eps=1e-6, atol=1e-6)


def test_jacobian_is_the_velocity_of_the_tool(robot):
    q, step = torch.as_tensor(configurations(robot, 5)), 1e-6
    pose, columns = jacobian(robot.chain, q, robot.tool_frame)
    for joint in range(robot.num_joints):
        moved = q.clone()
        moved[:, joint] += step
        change = link_pose(robot.chain, moved, robot.tool_frame)
        linear = (change[:, :3, 3] - pose[:, :3, 3]) / step
        spin = (change[:, :3, :3] - pose[:, :3, :3]) / step @ pose[:, :3, :3].mT
        angular = torch.stack([spin[:, 2, 1], spin[:, 0, 2], spin[:, 1, 0]], dim=-1)
        np.testing.assert_allclose(columns[:, :, joint], torch.cat([linear, angular], dim=-1), atol=1e-5)


def test_leading_dimensions_are_kept(panda):
    q = torch.as_tensor(configurations(panda, 6)).reshape(2, 3, 7)
    assert forward(panda.chain, q).shape == (2, 3, len(panda.chain.link_names), 4, 4)
    torch.testing.assert_close(forward(panda.chain, q)[1, 2], forward(panda.chain, q[1, 2]))
