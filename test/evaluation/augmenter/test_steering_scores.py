import numpy as np
import pytest

from genmodels_ros.evaluation.augmenter.steering_scores import (
    compared,
    correlation,
    error_after_fit,
    error_of_mean,
    sign_agreement,
)

rng = np.random.default_rng(0)
driven = np.clip(np.round(np.repeat(rng.normal(size=100), 8)), -1, 1)
good = np.stack([driven + rng.normal(0, noise, len(driven)) for noise in (0.3, 0.4, 0.5)])
bad = np.stack([driven + rng.normal(0, 3, len(driven)) for _ in range(3)])


def test_correlation_is_numpys():
    expected = np.mean([np.corrcoef(p, driven)[0, 1] for p in good])
    assert correlation(good, driven) == pytest.approx(expected)
    assert correlation(3 * good - 1, driven) == pytest.approx(expected)


def test_a_difference_has_its_sign_and_its_interval():
    gained = compared([good, good], [bad, bad], [driven, driven], seed=0)
    assert gained.value == pytest.approx(correlation(good, driven) - correlation(bad, driven))
    assert 0 < gained.low < gained.value < gained.high
    nothing = compared([good], [good], [driven], seed=0)
    assert nothing.low == nothing.value == nothing.high == 0
    assert compared([good], None, [driven], seed=1).value == pytest.approx(correlation(good, driven))


def test_the_sign_counts_only_where_the_driver_steers():
    truth = np.array([1.0, -1, 0.1, 0])
    assert sign_agreement(np.array([[0.1, -0.1, -5, -5]]), truth) == 1
    assert sign_agreement(np.array([[-0.1, -0.1, 0.1, 0]]), truth) == 0.5


def test_a_line_is_fitted_before_the_error_is_taken():
    assert error_after_fit(np.stack([5 * driven + 2]), driven) == pytest.approx(0, abs=1e-9)
    assert error_after_fit(good, driven) < error_of_mean(driven) == pytest.approx(np.abs(driven - driven.mean()).mean())
