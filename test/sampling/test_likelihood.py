"""The density along the probability flow equals the one known in closed form, whatever is predicted on whatever
schedule."""

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal

from genmodels_ros.sampling import likelihood
from genmodels_ros.sampling.likelihood import log_density
from genmodels_ros.sampling.schedules import SCHEDULES

MIXTURE = {
    "weights": torch.tensor([0.3, 0.7]),
    "means": torch.tensor([[1.0, 0.5], [-0.7, -0.6]]),
    "deviation": torch.tensor(0.4),
}


def density(toy, x, schedule, prediction, num_steps=60, **options):
    denoiser = toy.optimal_denoiser(schedule, prediction, **options)
    rng = torch.Generator().manual_seed(0)
    row_denoiser = lambda x_t, t, rows: denoiser(x_t, t, None)  # noqa: E731
    return log_density(row_denoiser, x, schedule, num_steps, prediction=prediction, probes=512, rng=rng)


@pytest.mark.parametrize("name, prediction", [("cosine", "v"), ("cosine", "x_0"), ("linear", "eps"), ("flow", "flow")])
def test_of_a_gaussian(toy, name, prediction):
    truth = MultivariateNormal(toy.MEAN, toy.COVARIANCE)
    x = truth.sample((200,))
    found = density(toy, x, SCHEDULES[name](200), prediction)
    assert (found - truth.log_prob(x)).abs().mean() < 0.02


def test_of_a_mixture(toy):
    parts = Independent(Normal(MIXTURE["means"], MIXTURE["deviation"]), 1)
    truth = MixtureSameFamily(Categorical(MIXTURE["weights"]), parts)
    x = truth.sample((200,))
    found = density(toy, x, SCHEDULES["cosine"](200), "v", x_0_given=toy.mixture_x_0, **MIXTURE)
    assert (found - truth.log_prob(x)).abs().mean() < 0.03


def test_the_error_falls_with_the_square_of_the_steps(toy):
    truth = MultivariateNormal(toy.MEAN, toy.COVARIANCE)
    x, schedule = truth.sample((200,)), SCHEDULES["cosine"](160)
    finest = density(toy, x, schedule, "v", 150)
    few, more = ((density(toy, x, schedule, "v", n) - finest).abs().mean() for n in (12, 48))
    assert more < few / 8


def test_random_directions_estimate_what_all_axes_give(toy, monkeypatch):
    truth = MultivariateNormal(toy.MEAN, toy.COVARIANCE)
    x, schedule = truth.sample((50,)), SCHEDULES["cosine"](100)
    exact = density(toy, x, schedule, "v", 30)
    monkeypatch.setattr(likelihood, "EXACT_TRACE", 1)
    torch.testing.assert_close(density(toy, x, schedule, "v", 30), exact, atol=0.15, rtol=0)


def test_rows_in_parts_equal_rows_at_once(toy, monkeypatch):
    x = MultivariateNormal(toy.MEAN, toy.COVARIANCE).sample((30,))
    whole = density(toy, x, SCHEDULES["cosine"](50), "v", 10)
    monkeypatch.setattr(likelihood, "ROWS", 14)
    torch.testing.assert_close(density(toy, x, SCHEDULES["cosine"](50), "v", 10), whole)
