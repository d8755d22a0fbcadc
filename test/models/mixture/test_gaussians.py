"""Densities, marginals and conditions of weighted Gaussians, against torch.distributions and the definition."""

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from genmodels_ros.models.mixture.gaussians import Gaussians

K, J, M, N = 4, 5, 2, 50
KINDS = ("full", "diag", "tied")


def made(kind: str, seed: int = 0) -> Gaussians:
    rng = torch.Generator().manual_seed(seed)
    shape = {"full": (K, J, J), "tied": (1, J, J), "diag": (K, J)}[kind]
    factors = torch.randn(shape, generator=rng, dtype=torch.float64)
    if kind == "diag":
        factors = factors.abs() + 0.1
    else:
        factors = factors.tril(-1) + torch.diag_embed(factors.diagonal(dim1=-2, dim2=-1).abs() + 0.1)
    logits = torch.randn(K, generator=rng, dtype=torch.float64)
    return Gaussians(logits.log_softmax(0), 3 * torch.randn(K, J, generator=rng, dtype=torch.float64), factors)


def rows(columns: int = J) -> torch.Tensor:
    return 3 * torch.randn(N, columns, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def oracle(gaussians: Gaussians, columns: slice = slice(None)) -> MixtureSameFamily:
    each = MultivariateNormal(gaussians.means[:, columns], gaussians.covariances()[:, columns, columns])
    return MixtureSameFamily(Categorical(logits=gaussians.log_weights), each)


@pytest.mark.parametrize("kind", KINDS)
def test_density_is_the_closed_form(kind):
    gaussians = made(kind)
    torch.testing.assert_close(gaussians.log_prob(rows()), oracle(gaussians).log_prob(rows()), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_density_of_leading_columns_is_their_marginal(kind):
    gaussians = made(kind)
    marginal = oracle(gaussians, slice(0, M)).log_prob(rows(M))
    torch.testing.assert_close(gaussians.log_prob(rows(M)), marginal, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_are_those_of_the_covariance(kind):
    """mu_x + S_xc S_c^-1 (c - mu_c) and S_x - S_xc S_c^-1 S_cx."""
    gaussians, c = made(kind), rows(M)
    S = gaussians.covariances()
    gain = S[:, M:, :M] @ torch.linalg.inv(S[:, :M, :M])
    mean = gaussians.means[:, M:] + torch.einsum("kdc,nkc->nkd", gain, c[:, None] - gaussians.means[:, :M])
    torch.testing.assert_close(gaussians.conditional_means(c), mean, atol=1e-8, rtol=1e-8)
    factors = gaussians.conditional_factors(M)
    factors = factors.diag_embed() if kind == "diag" else factors
    within = S[:, M:, M:] - gain @ S[:, :M, M:]
    torch.testing.assert_close(factors @ factors.mT, within, atol=1e-8, rtol=1e-8)


def test_far_from_everything_a_density_is_a_finite_logarithm():
    gaussians = made("full")
    far = torch.full((1, J), 1e6, dtype=torch.float64)
    assert gaussians.log_prob(far).isfinite().all() and gaussians.log_prob(far) < -1e6
    torch.testing.assert_close(gaussians.responsibilities(far).sum(), torch.ones((), dtype=torch.float64))


def test_a_density_without_columns_is_one():
    nothing = torch.empty(3, 0, dtype=torch.float64)
    torch.testing.assert_close(made("full").log_prob(nothing), torch.zeros(3, dtype=torch.float64))
