"""The flow's solutions reach the pose by another kinematics, keep the limits and differ; bad poses are told apart."""

import numpy as np
import pytest

from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.arm.independent_kinematics import IndependentKinematics
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.arm.learned_inverse_kinematics import DISTINCT, LearnedInverseKinematics, pose_matrix
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.inverse_kinematics.least_squares import arrivals


@pytest.fixture(scope="module")
def ik() -> LearnedInverseKinematics:
    return LearnedInverseKinematics.from_checkpoint()


@pytest.fixture(scope="module")
def judge(ik) -> IndependentKinematics:
    return IndependentKinematics(ik.robot)


def reachable(ik, judge, count: int, seed: int = 0) -> list[np.ndarray]:
    limits = ik.robot.limits
    return [judge.pose(q) for q in np.random.default_rng(seed).uniform(limits.lower, limits.upper, (count, 7))]


def test_nearly_every_pose_is_solved_in_many_ways(ik, judge):
    counts = []
    for pose in reachable(ik, judge, 15):
        q = ik.solve(pose, rng=generator(0))
        counts.append(len(q))
        assert ik.robot.within_limits(q)
        position, rotation = judge.errors(q, pose).T
        assert position.max() < 1e-4 and rotation.max() < 1e-3
        gaps = np.abs(q[:, None] - q[None]).max(axis=-1) + 10 * np.eye(len(q))
        assert gaps.min() > DISTINCT
    assert np.mean(counts) >= 5


def test_its_starts_arrive_more_often_than_random_ones(ik, judge):
    rng, limits = np.random.default_rng(1), ik.robot.limits
    learned = random = 0
    for pose in reachable(ik, judge, 10, seed=1):
        starts = ik.propose(pose, ik.samples, generator(0))
        learned += len(arrivals(ik.robot, pose, starts, ik.iterations))
        random += len(arrivals(ik.robot, pose, rng.uniform(limits.lower, limits.upper, starts.shape), ik.iterations))
    assert learned > 0.4 * 10 * ik.samples and learned > 4 * random


def test_a_seed_gives_the_same_solutions_again_and_count_bounds_them(ik, judge):
    (pose,) = reachable(ik, judge, 1)
    np.testing.assert_array_equal(ik.solve(pose, 4, rng=generator(3)), ik.solve(pose, 4, rng=generator(3)))
    assert len(ik.solve(pose, 2, rng=generator(0))) == 2


def test_self_collisions_are_left_out(ik, judge):
    checker = ik.self_collision_checker()
    for pose in reachable(ik, judge, 6, seed=2):
        try:
            free = ik.solve(pose, 16, rng=generator(0), checker=checker)
        except GenModelsError as error:
            assert error.code is ErrorCode.GOAL_IN_COLLISION
        else:
            assert not any(checker.in_collision(q) for q in free)


FAR = pose_matrix((2.0, 0.0, 0.5), (0, 0, 0, 1))
MIRROR = np.diag([1.0, 1.0, -1.0, 1.0])


@pytest.mark.parametrize(
    ("pose", "count", "code"),
    [
        (FAR, 4, ErrorCode.GOAL_UNREACHABLE),
        (np.full((4, 4), np.nan), 4, ErrorCode.NOT_FINITE),
        (MIRROR, 4, ErrorCode.NOT_FINITE),
        (np.zeros((4, 4)), 4, ErrorCode.NOT_FINITE),
        (np.eye(3), 4, ErrorCode.WRONG_LENGTH),
        (np.eye(4), 0, ErrorCode.INVALID_COUNT),
    ],
    ids=["unreachable", "nan", "mirror", "zeros", "shape", "count"],
)
def test_hostile_requests_have_their_codes(ik, pose, count, code):
    with pytest.raises(GenModelsError) as error:
        ik.solve(pose, count, rng=generator(0))
    assert error.value.code is code


@pytest.mark.parametrize("quaternion", [(0, 0, 0, 0), (0, 0, 0, 2), (np.nan, 0, 0, 1)])
def test_what_is_no_unit_quaternion_is_refused(quaternion):
    with pytest.raises(GenModelsError) as error:
        pose_matrix((0, 0, 0), quaternion)
    assert error.value.code is ErrorCode.NOT_FINITE


def test_on_the_first_axis_and_stretched_out_nothing_breaks(ik, judge):
    """Where the reduced pose is singular, and where the limits are touched."""
    above = pose_matrix((0, 0, 0.9), (0, 0, 0, 1))
    try:
        assert len(ik.solve(above, rng=generator(0)))
    except GenModelsError as error:
        assert error.code is ErrorCode.GOAL_UNREACHABLE
    assert np.isfinite(ik.propose(above, 8, generator(0))).all()


def test_a_checkpoint_of_another_arm_is_refused():
    with pytest.raises(GenModelsError) as error:
        LearnedInverseKinematics.from_checkpoint(shipped("panda_inverse_kinematics"), robot=load_robot("ur5"))
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE and "ur5" in error.value.message
