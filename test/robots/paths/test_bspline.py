"""Laws of B-splines: partition of unity, derivatives, ends, straight lines, fits."""

import numpy as np
import pytest

from genmodels_ros.robots.paths.bspline import basis, basis_at, evaluate, fit, resample, straight_line


@pytest.mark.parametrize("count", [4, 5, 16])
def test_basis_is_a_partition_of_unity(count):
    matrix = basis(count, 101)
    assert (matrix >= 0).all()
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)
    for derivative in (1, 2, 3):
        scale = np.abs(basis(count, 101, derivative)).max()
        np.testing.assert_allclose(basis(count, 101, derivative).sum(axis=1), 0, atol=1e-12 * scale)


@pytest.mark.parametrize("derivative", [1, 2])
def test_derivatives_agree_with_finite_differences(derivative):
    s, step = np.linspace(0.01, 0.99, 57), 1e-6
    difference = (basis_at(12, s + step, derivative - 1) - basis_at(12, s - step, derivative - 1)) / (2 * step)
    exact = basis_at(12, s, derivative)
    np.testing.assert_allclose(difference, exact, atol=1e-6 * np.abs(exact).max())


def test_third_derivative_is_constant_within_a_span():
    third = basis_at(8, np.array([0.01, 0.1, 0.19]), 3)
    np.testing.assert_allclose(third[0], third[1])
    np.testing.assert_allclose(third[0], third[2])


def test_path_starts_and_ends_on_its_control_points_at_rest(rng):
    points = rng.normal(size=(16, 7))
    points[1], points[-2] = points[0], points[-1]
    ends = np.array([0.0, 1.0])
    np.testing.assert_allclose(evaluate(points, ends), points[[0, -1]])
    np.testing.assert_allclose(evaluate(points, ends, 1), 0, atol=1e-12)


def test_straight_line_is_straight(rng):
    start, goal = rng.normal(size=(2, 7))
    path = evaluate(straight_line(start, goal, 16), np.linspace(0, 1, 50)) - start
    along = path @ (goal - start) / np.linalg.norm(goal - start) ** 2
    np.testing.assert_allclose(path, along[:, None] * (goal - start), atol=1e-12)
    assert (np.diff(along) > -1e-12).all() and along[-1] == pytest.approx(1)


def test_fit_keeps_ends_and_reaches_smooth_paths(rng):
    s = np.linspace(0, 1, 2000)
    path = np.stack([np.sin(2 * s), s**2, np.cos(3 * s)], axis=-1)
    points = fit(path, 16)
    np.testing.assert_array_equal(points[[0, 1, -2, -1]], path[[0, 0, -1, -1]])
    gap = np.linalg.norm(evaluate(points, s[::20])[:, None] - path[None], axis=-1).min(axis=1)
    assert gap.max() < 1e-2


def test_fit_of_a_resting_path_rests():
    np.testing.assert_allclose(fit(np.ones((2, 3)), 8), np.ones((8, 3)))


def test_resample_is_even(rng):
    even = resample(rng.normal(size=(5, 3)), 2000)
    steps = np.linalg.norm(np.diff(even, axis=0), axis=1)
    assert np.median(steps) == pytest.approx(steps.max(), rel=1e-6)
