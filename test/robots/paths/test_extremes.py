"""Polynomials that leave an interval are found, however briefly; those that do not are left alone."""

import numpy as np
import pytest

from genmodels_ros.robots.paths.extremes import leaves

ONE = np.ones(1)


def polynomial(*coefficients) -> np.ndarray:
    return np.array(coefficients, dtype=float)[None, :, None]


@pytest.mark.parametrize("degree", [2, 3, 4, 5])
def test_the_answer_is_that_of_dense_sampling(degree):
    rng = np.random.default_rng(degree)
    coefficients = rng.normal(size=(400, degree + 1, 3))
    u = np.linspace(0, 1, 20_001)
    highest = np.abs(np.einsum("mk,pkd->pmd", u[:, None] ** np.arange(degree + 1), coefficients)).max(axis=1)
    limit = np.full(3, 1.5)
    found = leaves(coefficients, -limit, limit)
    assert 0.1 < found.mean() < 0.9
    np.testing.assert_array_equal(found, highest > 1.5)


def test_a_short_peak_between_two_samples_is_found():
    """1 - 1e-4 at both ends and in the middle, a hair above 1 in between."""
    u = np.linspace(0, 1, 5)
    values = [0.0, 1.0001, 0.0, 0.9, 0.0]
    coefficients = np.linalg.solve(u[:, None] ** np.arange(5), values)
    assert leaves(polynomial(*coefficients), -2 * ONE, ONE)[0, 0]
    assert not leaves(polynomial(*coefficients), -2 * ONE, 2 * ONE)[0, 0]


def test_touching_the_limit_is_not_leaving_it():
    assert not leaves(polynomial(0, 4, -4), 0 * ONE, ONE * (1 + 1e-6))[0, 0]
    assert leaves(polynomial(0, 4, -4), 0 * ONE, ONE * (1 - 1e-6))[0, 0]


def test_what_is_no_number_is_outside():
    assert leaves(polynomial(0, np.nan, 0), -ONE, ONE)[0, 0] and leaves(polynomial(0, np.inf, 0), -ONE, ONE)[0, 0]
