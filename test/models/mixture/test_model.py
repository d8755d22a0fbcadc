"""The mixture family: densities integrate to 1 and divide as they should, samples and moments follow them."""

import pytest
import torch

from genmodels_ros.models.mixture import GaussianMixture
from genmodels_ros.models.mixture.gaussians import Gaussians
from genmodels_ros.models.mixture.regression import regress
from genmodels_ros.models.standardised import Standardised

KINDS = ("full", "diag", "tied")


def mixture(kind: str = "full", dimension: int = 1, condition_dimension: int = 1, K: int = 3) -> GaussianMixture:
    rng = torch.Generator().manual_seed(0)
    J = dimension + condition_dimension
    settings = {"dimension": dimension, "condition_dimension": condition_dimension, "covariance": kind}
    model = GaussianMixture.from_config(settings).double()
    factors = {"full": (K, J, J), "tied": (1, J, J), "diag": (K, J)}[kind]
    factors = 0.3 + torch.rand(factors, generator=rng, dtype=torch.float64)
    weights = torch.rand(K, generator=rng, dtype=torch.float64)
    means = 2 * torch.randn(K, J, generator=rng, dtype=torch.float64)
    model.take(Gaussians((weights / weights.sum()).log(), means, factors if kind == "diag" else factors.tril()))
    return model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("c", [-2.0, 0.3, 30.0])
def test_the_conditional_density_integrates_to_one(kind, c):
    x = torch.linspace(-60, 60, 60_001, dtype=torch.float64)[:, None]
    density = mixture(kind).log_prob(x, torch.full_like(x, c)).exp()
    torch.testing.assert_close(torch.trapezoid(density, x[:, 0]).item(), 1.0, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_conditional_is_the_mixture_it_says_it_is(kind):
    """joint / marginal equals the mixture of conditioned components."""
    model = mixture(kind, 2, 2)
    rng = torch.Generator().manual_seed(1)
    x, c = (2 * torch.randn(20, 2, generator=rng, dtype=torch.float64) for _ in range(2))
    weights, means, factors = model.conditional(c)
    own = [
        Gaussians(weights[i].log(), means[i], factors).log_prob(x[i : i + 1]) for i in range(len(x))
    ]  # the factors are the same for every c
    torch.testing.assert_close(model.log_prob(x, c), torch.cat(own), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_moments_of_the_closed_form(kind):
    model = mixture(kind, 2, 1)
    c = torch.tensor([[0.5]], dtype=torch.float64)
    mean, covariance = model.moments(c)
    x = model.sample(60_000, c.expand(60_000, 1), rng=torch.Generator().manual_seed(0))
    torch.testing.assert_close(x.mean(0), mean[0], atol=0.03, rtol=0)
    torch.testing.assert_close(torch.cov(x.mT), covariance[0], atol=0.06, rtol=0.03)


def test_samples_fall_where_the_density_says():
    """Each share of samples below x equals the integral of the density."""
    model = mixture(dimension=1, condition_dimension=0)
    x = torch.linspace(-30, 30, 30_001, dtype=torch.float64)[:, None]
    below = torch.cumulative_trapezoid(model.log_prob(x).exp(), x[:, 0])
    drawn = model.sample(50_000, rng=torch.Generator().manual_seed(3))
    for quantile in (0.05, 0.3, 0.5, 0.8, 0.95):
        place = x[int((below < quantile).sum()), 0]
        assert abs(float((drawn < place).double().mean()) - quantile) < 0.008


def test_regression_is_in_the_units_of_the_data():
    inner = mixture("full", 2, 1)
    outer = Standardised("mixture", inner).double()
    outer.centre.copy_(torch.tensor([5.0, -3.0]))
    outer.spread.copy_(torch.tensor([10.0, 0.1]))
    outer.condition_centre.fill_(7.0)
    c = torch.tensor([[7.4]], dtype=torch.float64)
    mean, covariance = regress(outer, c)
    x = outer.sample(60_000, c[0], rng=torch.Generator().manual_seed(0))
    torch.testing.assert_close(x.mean(0), mean[0], atol=0.3, rtol=1e-2)
    torch.testing.assert_close(torch.cov(x.mT), covariance[0], atol=1e-2, rtol=0.03)


def test_responsibilities_sum_to_one_and_know_their_component():
    model = mixture("full", 2, 1)
    whole = model.means
    r = model.responsibilities(whole[:, 1:], whole[:, :1])
    torch.testing.assert_close(r.sum(1), torch.ones(3, dtype=torch.float64))
