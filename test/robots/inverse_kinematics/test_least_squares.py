"""Solutions reach the pose, keep the limits and differ."""

import numpy as np
import torch

from genmodels_ros.robots.inverse_kinematics.least_squares import solve
from genmodels_ros.robots.kinematics import link_pose


def pose_at(robot, q):
    return link_pose(robot.chain, torch.as_tensor(q), robot.tool_frame).numpy()


def test_solutions_reach_the_pose_within_a_tenth_of_a_millimetre(panda, rng):
    found = 0
    for _ in range(10):
        target = pose_at(panda, rng.uniform(0.8 * panda.limits.lower, 0.8 * panda.limits.upper))
        solutions = solve(panda, target, rng, count=8)
        found += len(solutions) > 0
        for pose in pose_at(panda, solutions):
            assert np.linalg.norm(pose[:3, 3] - target[:3, 3]) < 1e-4
            assert np.linalg.norm(pose[:3, :3] - target[:3, :3]) < 1e-3
        assert panda.within_limits(solutions)
    assert found >= 9


def test_solutions_differ_and_equal_seeds_give_equal_ones(panda):
    target = pose_at(panda, panda.ready)
    solutions = solve(panda, target, np.random.default_rng(1), count=6)
    gaps = np.abs(solutions[:, None] - solutions[None]).max(axis=-1) + np.eye(len(solutions))
    assert len(solutions) == 6 and gaps.min() > 0.05
    np.testing.assert_array_equal(solutions, solve(panda, target, np.random.default_rng(1), count=6))


def test_a_pose_out_of_reach_has_no_solution(panda, rng):
    far = np.eye(4)
    far[:3, 3] = 2.0, 0.0, 0.5
    assert solve(panda, far, rng).shape == (0, 7)
