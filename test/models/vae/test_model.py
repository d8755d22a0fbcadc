"""Bounds against a likelihood known in closed form, the divergences, free bits, collapse, both kinds of latent.

Probabilistic PCA (Tipping & Bishop 1999) is the VAE with linear networks: x = W z + b + sigma eps, so that
p(x) = N(b, W W' + sigma² I) and p(z | x) = N(M^-1 W'(x - b), sigma² M^-1), M = W'W + sigma² I.
"""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from genmodels_ros.models.vae import VariationalAutoencoder
from genmodels_ros.models.world_model.latent import Categorical, Gaussian

D, L, SIGMA = 5, 2, 0.7
CATEGORICAL = {"distribution": "categorical", "latent": 3, "classes": 4}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(**settings) -> VariationalAutoencoder:
    torch.manual_seed(0)
    return VariationalAutoencoder.from_config({"dimension": D, **settings}).double().eval()


def with_large_weights(model):
    """A new network's outputs hardly depend on anything."""
    for parameter in [*model.encoder.parameters(), *model.decoder.parameters()]:
        torch.nn.init.normal_(parameter, std=0.4, generator=seeded(5))
    torch.nn.init.zeros_(model.log_sigma)
    return model


@torch.no_grad()
def principal_components(shift: float = 0.0) -> tuple[VariationalAutoencoder, MultivariateNormal]:
    """The model with its exact posterior, whose means are then shifted, and its p(x). W's columns are orthogonal."""
    model = make(latent=L, layers=0)
    W = torch.linalg.qr(torch.randn(D, L, generator=seeded(1), dtype=torch.float64))[0] * torch.tensor([2.0, 1.0])
    b = torch.randn(D, generator=seeded(2), dtype=torch.float64)
    model.decoder[0].weight.copy_(W)
    model.decoder[0].bias.copy_(b)
    model.log_sigma.fill_(math.log(SIGMA))
    M = W.T @ W + SIGMA**2 * torch.eye(L, dtype=torch.float64)
    to_mean = torch.linalg.solve(M, W.T)
    std = SIGMA * M.diagonal().rsqrt()
    raw = torch.log(torch.expm1(std - 1e-3))  # softplus of it is the deviation
    model.encoder[0].weight.copy_(torch.cat([to_mean, torch.zeros(L, D)]))
    model.encoder[0].bias.copy_(torch.cat([-to_mean @ b + shift, raw]))
    return model, MultivariateNormal(b, W @ W.T + SIGMA**2 * torch.eye(D, dtype=torch.float64))


@torch.no_grad()
def test_with_the_exact_posterior_one_draw_tells_the_log_likelihood_of_pca():
    model, truth = principal_components()
    x = truth.sample((50,))
    torch.testing.assert_close(model.bound(x, None, 1, seeded()), truth.log_prob(x), atol=1e-9, rtol=0)
    torch.testing.assert_close(model.log_prob(x), truth.log_prob(x), atol=1e-9, rtol=0)


@torch.no_grad()
def test_bounds_of_a_wrong_posterior_rise_with_samples_and_stay_below_the_log_likelihood():
    model, truth = principal_components(shift=0.4)
    x = truth.sample((2000,))
    log_p = truth.log_prob(x).mean()
    elbo = model.elbo(x, None, seeded()).mean()
    bounds = [model.bound(x, None, samples, seeded(samples)).mean() for samples in (2, 8, 64)]
    assert elbo < bounds[0] < bounds[1] < bounds[2] < log_p
    assert log_p - bounds[2] < 0.1 * (log_p - elbo)


@torch.no_grad()
def test_the_gap_of_the_elbo_is_the_divergence_of_the_posteriors():
    model, truth = principal_components(shift=0.4)
    exact, _ = principal_components()
    x = truth.sample((1,)).expand(20_000, D)
    gap = truth.log_prob(x[:1]) - model.elbo(x, None, seeded()).mean()
    torch.testing.assert_close(gap, model.posterior(x[:1]).divergence(exact.posterior(x[:1])), atol=0.03, rtol=0.02)


@pytest.mark.parametrize("settings", [{}, CATEGORICAL])
@torch.no_grad()
def test_divergences_in_closed_form_are_those_of_drawing(settings):
    model = with_large_weights(make(**settings))
    x = torch.randn(1, D, generator=seeded(), dtype=torch.float64).expand(40_000, D)
    q, p = model.posterior(x), model.prior(len(x))
    z = q.sample(seeded())
    drawn = (q.log_prob(z) - p.log_prob(z)).mean()
    assert q.divergence(p)[0] > 0.1
    torch.testing.assert_close(drawn, q.divergence(p)[0], atol=0.02, rtol=0.02)
    torch.testing.assert_close(q.divergences(p).sum(-1), q.divergence(p))


@pytest.mark.parametrize("settings", [{}, CATEGORICAL])
def test_below_the_free_bits_the_divergence_has_no_gradient(settings):
    x = torch.randn(32, D, generator=seeded(), dtype=torch.float64)

    def gradient(beta: float, free_bits: float):
        model = make(**settings, beta=beta, free_bits=free_bits)
        model.loss(x, None, seeded()).backward()
        return torch.cat([parameter.grad.flatten() for parameter in model.encoder.parameters()])

    reconstruction = gradient(0.0, 0.0)
    torch.testing.assert_close(gradient(1.0, 50.0), reconstruction)
    assert (gradient(1.0, 0.0) - reconstruction).abs().max() > 1e-3


def test_beta_weighs_the_divergence():
    x, model = torch.randn(32, D, generator=seeded(), dtype=torch.float64), make()
    losses = [make(beta=beta).loss(x, None, seeded()) for beta in (0.0, 1.0, 4.0)]
    kl = model.posterior(x).divergence(model.prior(32)).mean()
    torch.testing.assert_close(losses[1] - losses[0], kl)
    torch.testing.assert_close(losses[2] - losses[0], 4 * kl)


@torch.no_grad()
def test_active_units_are_those_that_depend_on_x_and_their_lack_is_said():
    model, truth = principal_components()
    x = truth.sample((500,))
    assert model.active_units(x) == L and model.warnings(x) == []
    model.encoder[0].weight[1] = 0
    assert model.active_units(x) == 1
    model.encoder[0].weight[0] = 0
    assert model.active_units(x) == 0
    (sentence,) = model.warnings(x)
    assert "0 of 2" in sentence and "beta" in sentence and "free_bits" in sentence


@torch.no_grad()
def test_a_categorical_code_is_one_hot_and_its_bound_is_one():
    model = with_large_weights(make(**CATEGORICAL, width=16))
    x = torch.randn(40, D, generator=seeded(), dtype=torch.float64)
    z = model.encode(x).unflatten(-1, (3, 4))
    assert ((z == 0) | (z == 1)).all() and (z.sum(-1) == 1).all()
    # all 64 codes can be summed over: p(x) = sum_z p(z) p(x | z)
    codes = torch.cartesian_prod(*[torch.arange(4)] * 3)
    every = torch.nn.functional.one_hot(codes, 4).double().flatten(1)
    log_p = torch.stack([model.log_likelihood(x, z.expand(40, 12), None) for z in every]).logsumexp(0) - math.log(64)
    bounds = [model.bound(x, None, samples, seeded()).mean() for samples in (1, 4, 1000)]
    assert bounds[0] < bounds[1] < bounds[2]
    assert abs(bounds[2] - log_p.mean()) < 0.05


def test_unimix_keeps_every_class_possible():
    logits = torch.tensor([[100.0, 0.0, 0.0, 0.0]])
    probs = Categorical.from_parameters(logits, classes=4, unimix=0.1).mean
    torch.testing.assert_close(probs, torch.tensor([[0.925, 0.025, 0.025, 0.025]]))


def test_gumbel_softmax_is_a_draw_of_its_classes_and_hardens_as_it_cools():
    q = Categorical(torch.tensor([0.6, 0.3, 0.1]).log().expand(20_000, 1, 3))
    cold, warm = q.relaxed(0.02, seeded()), q.relaxed(1.0, seeded())
    shares = torch.nn.functional.one_hot(cold.argmax(-1), 3).float().mean(0)
    torch.testing.assert_close(shares, torch.tensor([0.6, 0.3, 0.1]), atol=0.02, rtol=0)
    assert cold.max(-1).values.mean() > 0.97 > warm.max(-1).values.mean()


@pytest.mark.parametrize("estimator", ["straight_through", "gumbel_softmax"])
def test_both_estimators_teach_a_code_to_tell_clusters_apart(estimator):
    """Four clusters in the plane: two bits are enough, and it finds them."""
    torch.manual_seed(0)
    settings = {"dimension": 2, "distribution": "categorical", "latent": 2, "classes": 4, "width": 16}
    model = VariationalAutoencoder.from_config({**settings, "estimator": estimator, "beta": 0.3})
    rng, optimizer = seeded(), torch.optim.Adam(model.parameters(), 3e-3)
    centres = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    for _ in range(300):
        x = centres[torch.randint(4, (128,), generator=rng)] + 0.1 * torch.randn(128, 2, generator=rng)
        optimizer.zero_grad()
        model.loss(x, None, rng).backward()
        optimizer.step()
    with torch.no_grad():
        assert (model.eval().reconstruct(centres) - centres).abs().max() < 0.3


def test_a_gaussian_latent_of_the_world_model_keeps_its_least_deviation():
    assert Gaussian.from_parameters(torch.full((1, 2), -50.0)).std == pytest.approx(0.1)
