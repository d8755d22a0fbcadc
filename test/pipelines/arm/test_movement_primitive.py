"""Conditions are met exactly, by the Gaussian's formula where it has full rank, and change little far away."""

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm import movement_primitive
from genmodels_ros.pipelines.arm.movement_primitive import (
    CONTROL_POINTS,
    Condition,
    MovementPrimitive,
    at_phase,
    control_points,
    phase_row,
)
from genmodels_ros.robots.paths.bspline import basis, pace

D = 2


def demonstrations(count: int = 5, seed: int = 0) -> list[np.ndarray]:
    """Arcs from about (0, 0) to about (2, 0) whose height varies, in various numbers of points."""
    rng = np.random.default_rng(seed)
    paths = []
    for _ in range(count):
        u = np.linspace(0, 1, rng.integers(60, 200))
        height, ends = 1 + 0.2 * rng.normal(), 0.05 * rng.normal(size=4)
        paths.append(np.stack([ends[0] + u * (2 + ends[1]), ends[2] + height * np.sin(np.pi * u) + ends[3] * u], -1))
    return paths


@pytest.fixture(scope="module")
def skill() -> MovementPrimitive:
    return MovementPrimitive.learn(demonstrations())


def test_the_mean_lies_among_the_demonstrations(skill):
    top = phase_row(0.5) @ skill.mean
    np.testing.assert_allclose(top, [1.0, np.mean([p[:, 1].max() for p in demonstrations()])], atol=0.03)


def test_phases_are_shares_of_the_way():
    """A straight line with evenly spread weights is at u of its way at phase u."""
    u = np.linspace(0, 1, 21)
    line = np.linspace(0, 1, CONTROL_POINTS - 2)
    np.testing.assert_allclose(phase_row(u) @ line, u, atol=1e-5)
    np.testing.assert_allclose(
        basis(CONTROL_POINTS, 50) @ control_points(line[:, None])[:, 0], pace(CONTROL_POINTS, 50)
    )


@pytest.mark.parametrize("away", [0.0, 0.1, 1.0, 30.0])
def test_via_points_and_ends_are_met_exactly(skill, away):
    via, start, goal = (phase_row(0.4) @ skill.mean + away), skill.mean[0] - 0.3 * away, skill.mean[-1] + 0.2
    w = skill.bend(skill.mean, [at_phase(0.4, via), at_phase(0, start), at_phase(1, goal)])
    np.testing.assert_allclose(phase_row(0.4) @ w, via, atol=1e-6)
    np.testing.assert_allclose(w[[0, -1]], [start, goal], atol=1e-6)


def test_with_many_demonstrations_it_is_the_conditional_of_the_gaussian(monkeypatch):
    """S of full rank and no liberty: mu + S H^T (H S H^T)^-1 (y - H mu)."""
    rng = np.random.default_rng(0)
    skill = MovementPrimitive(rng.normal(size=(100, CONTROL_POINTS - 2, D)))
    monkeypatch.setattr(MovementPrimitive, "pliable", MovementPrimitive.covariance)
    S, mu = skill.covariance(), skill.mean.ravel()
    H, y = np.kron(phase_row(0.3), np.eye(D)), np.array([0.7, -0.2])
    expected = mu + S @ H.T @ np.linalg.solve(H @ S @ H.T, y - H @ mu)
    np.testing.assert_allclose(skill.bend(skill.mean, [at_phase(0.3, y)]).ravel(), expected, atol=1e-6)


def test_what_varies_is_nothing_at_the_via_point_and_as_demonstrated_far_from_it(skill):
    conditions = [at_phase(0.3, phase_row(0.3) @ skill.mean + 0.1)]
    bent = MovementPrimitive(np.stack([skill.bend(w, conditions) for w in skill.weights]))
    spread, before = (np.std(phase_row(np.array([0.3, 0.95])) @ s.weights, axis=0) for s in (bent, skill))
    assert spread[0].max() < 1e-6
    np.testing.assert_allclose(spread[1], before[1], rtol=0.35)


def test_a_bend_is_felt_nearby_and_hardly_elsewhere():
    """Demonstrations that all agree say nothing: the bend is the kernel's."""
    skill = MovementPrimitive(np.repeat(MovementPrimitive.learn(demonstrations()).mean[None], 4, 0))
    moved = phase_row(0.5) @ skill.mean + np.array([0.0, 0.1])
    w = skill.bend(skill.mean, [at_phase(0.5, moved), at_phase(0, skill.mean[0]), at_phase(1, skill.mean[-1])])
    change = np.abs(phase_row(np.linspace(0, 1, 101)) @ (w - skill.mean)).max(1)
    assert change.argmax() in range(45, 56) and change.max() < 0.11
    assert change[:8].max() < 0.005 and change[93:].max() < 0.005


def test_demonstrated_correlations_are_followed():
    """Where they vary by more than the liberty, the bend follows their own regression of one phase on another."""
    skill = MovementPrimitive.learn(demonstrations(12))
    peaks, quarters = phase_row(0.5) @ skill.weights, phase_row(0.25) @ skill.weights
    slope = np.polyfit(peaks[:, 1], quarters[:, 1], 1)[0]
    w = skill.bend(skill.mean, [at_phase(0.5, peaks.mean(0) + np.array([0.0, 0.3]))])
    change = phase_row(0.25) @ (w - skill.mean)
    assert change[1] == pytest.approx(0.3 * slope, abs=0.02) and change[1] > 0.1


def test_surprise_grows_with_the_distance_from_what_was_shown(skill):
    mean = phase_row(0.5) @ skill.mean
    usual, odd = (skill.surprise(at_phase(0.5, mean + np.array([0, d])), 5e-3) for d in (0.1, 2.0))
    assert skill.surprise(at_phase(0.5, mean), 5e-3) < 1e-6
    assert usual < 3 < odd and odd == pytest.approx(20 * usual, rel=1e-6)


def test_a_condition_that_cannot_be_met_says_so(skill):
    out_of_reach = Condition(np.array([2.0]), lambda w: (np.tanh(w[3, :1]), np.eye(1, w.size, 3 * D) * 1e-3))
    with pytest.raises(GenModelsError) as error:
        skill.bend(skill.mean, [out_of_reach])
    assert error.value.code is ErrorCode.GOAL_UNREACHABLE


def test_a_skill_comes_back_from_its_file(skill, tmp_path):
    skill.save(tmp_path / "new" / "skill.npz")
    again = MovementPrimitive.load(tmp_path / "new" / "skill.npz")
    np.testing.assert_array_equal(again.weights, skill.weights)
    assert again.robot == skill.robot


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_file_that_is_no_skill_is_refused(content, tmp_path):
    path = tmp_path / "skill.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GenModelsError) as error:
        MovementPrimitive.load(path)
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE


@pytest.mark.parametrize("paths", [demonstrations(2), [], [np.zeros((20, 2))] * 2 + [np.zeros((20, 3))]])
def test_too_few_demonstrations_and_those_of_different_joints_are_refused(paths):
    with pytest.raises(GenModelsError) as error:
        MovementPrimitive.learn(paths)
    assert error.value.code is ErrorCode.INVALID_DATA and str(movement_primitive.FEWEST) in error.value.message
