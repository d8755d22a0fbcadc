"""Measures of predicted motion on cases whose answer is known."""

import numpy as np
import pytest

from genmodels_ros.data.agent_frame import FUTURE
from genmodels_ros.evaluation.agents.metrics import best_errors, coverage, point_errors, step_of

TRUTH = np.zeros((2, FUTURE, 2))
AWAY = 0.1 * np.arange(1, FUTURE + 1)[None, :, None] * np.array([0.6, 0.8])  # 0.1 m farther every step


def test_horizons_are_steps_of_a_fifth_of_a_second():
    assert (step_of(1.0), step_of(2.8)) == (4, FUTURE - 1)


def test_average_and_final_distance():
    ade, fde = point_errors(TRUTH + AWAY, TRUTH, 1.0)
    assert ade == pytest.approx([0.3, 0.3]) and fde == pytest.approx([0.5, 0.5])


def test_the_best_of_the_first_six_counts():
    samples = np.stack([TRUTH + AWAY * scale for scale in (3, 2, 1, 4, 5, 6, 0)], axis=1)
    ade, fde = best_errors(samples, TRUTH, 2.8)
    assert fde == pytest.approx([1.4, 1.4]) and ade == pytest.approx([0.75, 0.75])


def test_coverage_of_a_right_density_is_what_it_says():
    rng = np.random.default_rng(0)
    log_p = lambda z: -0.5 * (z**2).sum(-1)  # noqa: E731
    truth, samples = rng.normal(size=(4000, 3)), rng.normal(size=(4000, 19, 3))
    for region in (0.5, 0.9):
        assert coverage(log_p(truth), log_p(samples), region) == pytest.approx(region, abs=0.03)
    assert coverage(log_p(2 * truth), log_p(samples), 0.9) < 0.6
    assert coverage(log_p(0.3 * truth), log_p(samples), 0.5) > 0.9
