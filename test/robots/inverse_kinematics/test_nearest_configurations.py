"""The table's nearest configurations are nearer to the pose than random ones, and the same for a seed."""

import numpy as np
import torch

from genmodels_ros.robots.inverse_kinematics.end_joints import EndJoints
from genmodels_ros.robots.inverse_kinematics.nearest_configurations import NearestConfigurations
from genmodels_ros.robots.kinematics import link_pose


def test_they_lie_nearer_than_random_ones_and_keep_the_limits(panda, rng):
    ends = EndJoints(panda)
    nearest, limits = NearestConfigurations(ends, size=5000), panda.limits
    near, far = [], []
    for _ in range(5):
        pose = link_pose(
            panda.chain, torch.as_tensor(rng.uniform(limits.lower, limits.upper)), panda.tool_frame
        ).numpy()
        random = ends.starts(torch.as_tensor(rng.uniform(limits.lower, limits.upper, (16, 7))[:, 1:-1]), pose)
        for starts, errors in ((nearest.propose(pose, 16), near), (random, far)):
            assert panda.within_limits(starts) and starts.shape == (16, 7)
            tools = link_pose(panda.chain, torch.as_tensor(starts), panda.tool_frame).numpy()
            errors += np.linalg.norm(tools[:, :3, 3] - pose[:3, 3], axis=1).tolist()
    assert np.median(near) < 0.5 * np.median(far)


def test_a_seed_gives_the_same_table(panda):
    pose = link_pose(panda.chain, torch.as_tensor(panda.ready), panda.tool_frame).numpy()
    one, two, other = (NearestConfigurations(EndJoints(panda), 500, seed).propose(pose, 4) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
