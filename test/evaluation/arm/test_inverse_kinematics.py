"""The judge of inverse kinematics agrees with the robot's own kinematics, and a wrong answer is not counted."""

import numpy as np
import torch

from genmodels_ros.evaluation.arm.independent_kinematics import IndependentKinematics
from genmodels_ros.evaluation.arm.inverse_kinematics import Method
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose

PANDA = load_robot("panda")


def test_the_judge_agrees_with_our_kinematics():
    judge = IndependentKinematics(PANDA)
    q = np.random.default_rng(0).uniform(PANDA.limits.lower, PANDA.limits.upper, (20, 7))
    ours = link_pose(PANDA.chain, torch.as_tensor(q), PANDA.tool_frame).numpy()
    np.testing.assert_allclose([judge.pose(each) for each in q], ours, atol=1e-9)


def test_errors_are_metres_and_radians():
    judge = IndependentKinematics(PANDA)
    turned = PANDA.ready + np.array([0, 0, 0, 0, 0, 0, 0.1])
    ((position, rotation),) = judge.errors(turned[None], judge.pose(PANDA.ready))
    assert position < 1e-9 and abs(rotation - 0.1) < 1e-6


def test_only_distinct_answers_that_reach_the_pose_within_limits_count():
    judge = IndependentKinematics(PANDA)
    wrong, beyond = PANDA.ready + 0.05, PANDA.ready + np.array([0, 0, 0, 0, 0, 0, 2 * np.pi])
    method = Method("any", 1, 1, lambda pose: np.array([PANDA.ready, PANDA.ready + 1e-6, wrong, beyond]))
    method.ask(judge.pose(PANDA.ready), judge, PANDA)
    assert method.distinct == [1] and method.wrong == 2
    nothing = Method("any", 1, 1, lambda pose: np.empty((0, 7)))
    nothing.ask(judge.pose(PANDA.ready), judge, PANDA)
    assert nothing.distinct == [0] and nothing.wrong == 0
