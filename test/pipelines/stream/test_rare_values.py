"""How seldom a value is reached, beyond what was seen."""

import numpy as np
import pytest

from genmodels_ros.pipelines.stream.rare_values import pareto_tail, rare_values, rate_supported

RATES = (1000.0, 100.0, 10.0, 1.0, 0.1)


@pytest.mark.parametrize("shape", [0.0, 0.3])
def test_a_pareto_tail_is_found(shape):
    uniform = np.random.default_rng(0).uniform(size=20_000)
    excesses = -np.log(uniform) if shape == 0 else (uniform**-shape - 1) / shape
    scale, found = pareto_tail(2.0 * excesses)
    assert scale == pytest.approx(2.0, rel=0.05) and found == pytest.approx(shape, abs=0.03)


def test_the_value_of_a_rate_is_exceeded_as_often():
    """Thresholds from one hour of peaks, each exceeded on other hours as often as promised: within a factor of 3."""
    told = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = rare_values(rng.gumbel(size=3600), 1.0, RATES)
        assert (np.diff(values) > 0).all()
        told.append(values)
    # Gumbel: P(peak > v) = 1 - exp(-exp(-v)).
    exceeded = 3600 * (1 - np.exp(-np.exp(-np.array(told))))
    assert np.median(exceeded, axis=0) == pytest.approx(RATES, rel=0.3)
    assert (np.abs(np.log(exceeded[:, 2] / RATES[2])) < np.log(3)).mean() > 0.9


def test_a_bounded_tail_is_not_believed():
    values = rare_values(np.random.default_rng(1).uniform(size=1000), 1.0, RATES)
    assert values[-1] > 1.0 and values[0] < 0.1


def test_few_peaks_are_refused_and_equal_ones_are_not():
    with pytest.raises(ValueError, match="20 are needed"):
        rare_values(np.arange(19.0), 1.0, RATES)
    values = rare_values(np.ones(100), 1.0, RATES)
    assert np.allclose(values, 1.0, atol=1e-6) and (np.diff(values) >= 0).all()


def test_ten_minutes_speak_for_no_six_an_hour():
    assert rate_supported(1 / 6) == pytest.approx(18) and rate_supported(0.5) == pytest.approx(6)
