"""Scores against their definitions."""

import math

import numpy as np
import pytest

from genmodels_ros.evaluation.statistics import (
    auroc,
    bootstrap_mean,
    bootstrap_ratio,
    expected_calibration_error,
    recall_at_false_positives,
    wilson_interval,
)

RNG = np.random.default_rng(0)


def test_auroc_is_the_share_of_pairs_in_order():
    scores, labels = RNG.integers(0, 5, 60).astype(float), RNG.random(60) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[labels] for b in scores[~labels]]
    assert auroc(scores, labels) == pytest.approx(np.mean(pairs))
    assert math.isnan(auroc(scores, np.zeros(60, bool)))


def test_calibration_error_of_true_and_false_probabilities():
    probabilities = RNG.random(40000)
    labels = RNG.random(40000) < probabilities
    assert expected_calibration_error(probabilities, labels) < 0.02
    assert expected_calibration_error(np.full(1000, 0.9), np.zeros(1000)) == pytest.approx(0.9)
    assert expected_calibration_error(np.ones(5), np.ones(5)) == 0


def test_recall_where_five_percent_alarm_falsely():
    labels = np.arange(1000) >= 900
    scores = np.concatenate([np.linspace(0, 1, 900), np.full(50, 0.97), np.full(50, 0.5)])
    assert recall_at_false_positives(scores, labels) == pytest.approx(0.5)


def test_intervals_hold_the_mean_and_shrink_with_more_data():
    covered, widths, wide = 0, [], []
    for trial in range(60):
        values = np.random.default_rng(trial).normal(3.0, 1.0, 300)
        low, high = bootstrap_mean(values, seed=trial)
        covered += low <= 3.0 <= high
        widths.append(high - low)
        few = bootstrap_mean(values[:60], seed=trial)
        wide.append(few[1] - few[0])
    assert covered >= 50
    assert np.mean(wide) > 1.5 * np.mean(widths)
    low, high = bootstrap_ratio(values, 2 * values)
    assert low == pytest.approx(0.5) and high == pytest.approx(0.5)


def test_wilson_intervals_are_those_of_the_tables():
    """Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3."""
    for (successes, trials), interval in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson_interval(successes, trials) == pytest.approx(interval, abs=5e-5)
    assert wilson_interval(20, 20) == pytest.approx((1 - 0.1611, 1.0), abs=5e-5)
    assert wilson_interval(0, 0) == (0.0, 1.0)
