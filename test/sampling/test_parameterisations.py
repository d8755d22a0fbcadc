"""Whatever a network predicts says the same of signal and noise."""

import itertools

import pytest
import torch

from genmodels_ros.sampling.parameterisations import PARAMETERISATIONS, convert, predicted, signal_and_noise
from genmodels_ros.sampling.schedules import SCHEDULES

T = 100
X_0, EPS = torch.randn(2, T, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
STEPS = torch.arange(T)


def levels(name):
    schedule = SCHEDULES[name](T)
    return schedule.forward_process(X_0, STEPS, EPS), *schedule.at(STEPS, X_0)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", PARAMETERISATIONS)
def test_the_truth_comes_back_from_its_prediction(schedule, name):
    x_t, *at = levels(schedule)
    x_0, eps = signal_and_noise(name, predicted(name, X_0, EPS, *at), x_t, *at)
    torch.testing.assert_close(x_0, X_0, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(eps, EPS, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("source, target", list(itertools.permutations(PARAMETERISATIONS, 2)))
def test_conversions_invert_each_other_for_any_prediction(schedule, source, target):
    x_t, *at = levels(schedule)
    prediction = EPS.flip(0)
    there = convert(source, target, prediction, x_t, *at)
    torch.testing.assert_close(convert(target, source, there, x_t, *at), prediction, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", PARAMETERISATIONS)
def test_any_prediction_explains_x_t(schedule, name):
    x_t, alpha_t, sigma_t = levels(schedule)
    x_0, eps = signal_and_noise(name, EPS.flip(0), x_t, alpha_t, sigma_t)
    torch.testing.assert_close(alpha_t * x_0 + sigma_t * eps, x_t, atol=1e-6, rtol=1e-6)


def test_definitions():
    """v is the derivative of x_t by the angle of (alpha, sigma), flow by the time of the straight line."""
    alpha, sigma = torch.tensor(0.8), torch.tensor(0.6)
    x_0, eps = torch.tensor(2.0), torch.tensor(-1.0)
    values = [predicted(name, x_0, eps, alpha, sigma).item() for name in PARAMETERISATIONS]
    assert values == pytest.approx([-1.0, 2.0, -2.0, -3.0])


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="eps, x_0, v, flow"):
        predicted("epsilon", X_0, EPS, *levels("flow")[1:])
