"""A model of a stream from nominal runs: each part of them for one purpose, and a threshold that keeps its rate."""

import numpy as np
import pytest
import torch

from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.stream.anomaly import StreamAnomalyDetector, StreamSettings
from genmodels_ros.pipelines.stream.features import smooth, stream_features
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.stream.learning import (
    Parts,
    StreamLearning,
    calibrate_stream,
    learn_stream,
    parted,
)

LABELS = ("position", "velocity", "effort", "temperature")
MIXTURE = StreamLearning("mixture", {"components": 2, "restarts": 1}, FitOptions(steps=8))


@pytest.fixture(scope="module")
def runs(swinging_joint):
    return lambda count, first=0: [StreamRun(*swinging_joint(10.0, first + seed)) for seed in range(count)]


@pytest.fixture(scope="module")
def model(runs):
    return learn_stream(Parts(runs(20), runs(2, 50), runs(40, 100)), LABELS, MIXTURE)


def test_parts_are_disjoint_and_complete(runs):
    for count in (3, 4, 10, 23):
        some = runs(count)
        parts = parted(some)
        fitted, calibrated = ({id(run) for run in part} for part in (parts.fit, parts.calibrate))
        assert parts.fit and parts.stop and parts.calibrate and not fitted & calibrated
        if count >= 4:
            assert {id(run) for part in (parts.fit, parts.stop, parts.calibrate) for run in part} == {*map(id, some)}
    with pytest.raises(GenModelsError, match="collect for longer"):
        parted(runs(2))


def test_smoothing_is_the_mean_of_the_last_few():
    values = np.random.default_rng(0).normal(size=30)
    told = smooth(values, 5)
    assert told == pytest.approx([values[max(0, i - 4) : i + 1].mean() for i in range(30)])


def test_densities_are_those_of_the_features_in_their_own_units(model, swinging_joint):
    """One Gaussian's, compared with numpy's."""
    x = stream_features(*swinging_joint(3.0, 7), 5)
    parts = Parts(*[[StreamRun(*swinging_joint(10.0, s)) for s in r] for r in (range(3), [4], range(5, 9))])
    one = learn_stream(parts, LABELS, StreamLearning("mixture", {"components": 1}, FitOptions(steps=3)))
    fitted = np.concatenate([stream_features(run.stamps, run.rows, 5) for run in parts.fit])
    mean, covariance = fitted.mean(0), np.cov(fitted.T, bias=True)
    spread = fitted.std(0)
    covariance += np.diag(1e-6 * spread**2)  # the ridge
    off = np.linalg.solve(np.linalg.cholesky(covariance), (x - mean).T)
    expected = 0.5 * (off**2).sum(0) + 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    assert one.surprise(x) == pytest.approx(expected, rel=2e-3, abs=0.05)


def test_nominal_streams_are_as_odd_as_often_as_the_calibration_says(model, runs):
    """A quarter of an hour of new runs: seconds that reach 200 an hour are 50, within a factor of 2; alarms fewer."""
    detector, seconds, alarms = StreamAnomalyDetector(model, StreamSettings(budget=200.0, hold=0.2)), 0, 0
    fresh = runs(90, 1000)
    for run in fresh:
        detector.forget()
        rates = np.array([score.false_alarms_per_hour for score in detector.assess(run.stamps, run.rows)])
        seconds += int((rates.reshape(-1, 100).min(1) <= 200).sum())
        alarms += detector.state.count
    hours = sum(run.seconds for run in fresh) / 3600
    assert 0.5 < seconds / hours / 200 < 2.0 and 0 < alarms <= seconds


def test_a_family_without_a_density_and_too_little_data_are_refused(runs):
    with pytest.raises(GenModelsError, match="collect for longer"):
        learn_stream(Parts(runs(2), runs(1, 5), [StreamRun(*(part[:300] for part in _arrays(runs)))]), LABELS, MIXTURE)
    with pytest.raises(GenModelsError) as caught:
        learn_stream(Parts(runs(2), runs(1, 5), runs(1, 6)), LABELS, StreamLearning("gan"))
    assert caught.value.code == ErrorCode.UNSUPPORTED


def _arrays(runs):
    (run,) = runs(1, 9)
    return run.stamps, run.rows


@pytest.mark.parametrize("family", ["vae", "flow", "autoregressive"])
def test_any_family_with_a_density_learns(family, runs, swinging_joint):
    learning = StreamLearning(family, {"width": 16}, FitOptions(steps=30, looks=3, batch_size=64))
    model = learn_stream(Parts(runs(3), runs(1, 5), runs(3, 6)), LABELS, learning)
    assert model.density.inner.family == family and model.card.model == "stream_density"
    assert np.isfinite(model.surprise(stream_features(*swinging_joint(2.0, 7), 5))).all()


def test_the_same_seed_gives_the_same_model(runs):
    parts = Parts(runs(3), runs(1, 5), runs(3, 6))
    learning = StreamLearning("vae", {"width": 8}, FitOptions(steps=5, looks=1))
    first, second = (learn_stream(parts, LABELS, learning).density.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_calibration_says_how_much_was_seen(model, runs):
    calibration = calibrate_stream(model, runs(6, 300), 2.0)
    assert calibration.budget == 2.0 and calibration.hours == pytest.approx(6 * 9.95 / 3600, rel=0.01)
