"""What is judged of a row: its value, slope and roughness."""

import numpy as np
import pytest

from genmodels_ros.pipelines.stream.features import SMOOTHEST, stream_features


def test_a_straight_line_has_its_slope_and_no_roughness_whatever_the_stamps():
    stamps = np.cumsum(np.random.default_rng(0).uniform(0.005, 0.02, 50))
    rows = np.stack([3.0 * stamps + 1.0, -2.0 * stamps], axis=1)
    told = stream_features(stamps, rows, 4)
    assert told.shape == (46, 6)
    assert np.array_equal(told[:, :2], rows[4:])
    assert told[:, 2:4] == pytest.approx(np.tile([3.0, -2.0], (46, 1)))
    assert told[:, 4:] == pytest.approx(np.log(SMOOTHEST), abs=1e-3)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 100.0])
def test_roughness_is_the_logarithm_of_the_noise_and_a_repeated_value_has_none(scale):
    rng = np.random.default_rng(1)
    rows = scale * rng.normal(size=(4000, 1))
    roughness = stream_features(0.01 * np.arange(4000), rows, 20)[:, 2]
    # A second difference of white noise has sqrt(6) of its deviation, its mean absolute value sqrt(2 / pi) of that.
    assert roughness.mean() == pytest.approx(np.log(scale * np.sqrt(6 * 2 / np.pi)), abs=0.05)
    frozen = stream_features(0.01 * np.arange(30), np.full((30, 1), 0.7), 20)[:, 2]
    assert (frozen == np.log(SMOOTHEST)).all() and frozen.max() < roughness.min() - 5


def test_rows_come_out_alike_one_by_one_and_all_at_once():
    rng = np.random.default_rng(2)
    stamps, rows = 0.1 * np.arange(12), rng.normal(size=(12, 3))
    together = stream_features(stamps, rows, 5)
    for i in range(5, 12):
        one = stream_features(stamps[i - 5 : i + 1], rows[i - 5 : i + 1], 5)
        assert one[0] == pytest.approx(together[i - 5])


def test_too_short_a_window_gives_nothing_and_no_window_is_refused():
    assert stream_features(np.arange(5.0), np.zeros((5, 2)), 5).shape == (0, 6)
    with pytest.raises(ValueError, match="2 lags"):
        stream_features(np.arange(5.0), np.zeros((5, 2)), 1)
