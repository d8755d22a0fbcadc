"""The KL terms are those of probability theory, and the ELBO is tight where the posterior is exact."""

import torch
from torch.distributions import Independent, Normal, OneHotCategorical
from torch.distributions import kl_divergence as reference

from genmodels_ros.models.world_model.latent import CLASSES, MIN_STD, UNIMIX, Categorical, Gaussian, balanced_kl

RNG = torch.Generator().manual_seed(0)


def gaussian(requires_grad=False):
    return Gaussian.from_parameters(torch.randn(20, 10, generator=RNG).requires_grad_(requires_grad))


def test_kl_is_that_of_torch_distributions():
    q, p = gaussian(), gaussian()
    expected = reference(Normal(q.mean, q.std), Normal(p.mean, p.std)).sum(-1)
    assert torch.allclose(q.divergence(p), expected, rtol=1e-4)
    assert q.divergence(q).abs().max() < 1e-5


def categorical():
    return Categorical.from_parameters(3 * torch.randn(20, 4 * CLASSES, generator=RNG))


def test_categorical_kl_is_that_of_torch_distributions():
    q, p = categorical(), categorical()
    wrap = lambda d: Independent(OneHotCategorical(logits=d.log_probs), 1)  # noqa: E731
    assert torch.allclose(q.divergence(p), reference(wrap(q), wrap(p)), rtol=1e-4)
    assert q.divergence(q).abs().max() < 1e-5


def test_no_class_is_impossible_and_draws_follow_the_probabilities():
    sure = Categorical.from_parameters(torch.tensor([[50.0, *[0.0] * (CLASSES - 1)]]))
    assert sure.mean.min() >= UNIMIX / CLASSES * 0.999
    q = Categorical.from_parameters(torch.randn(1, CLASSES, generator=RNG).expand(20000, -1))
    draws = q.sample(RNG)
    assert torch.allclose(draws.mean(0), q.mean[0], atol=0.02)
    assert torch.allclose(draws.max(-1).values, torch.ones(20000), atol=1e-5)


def test_gradients_pass_through_categorical_draws():
    logits = torch.randn(5, 2 * CLASSES, generator=RNG).requires_grad_()
    weights = torch.randn(2 * CLASSES, generator=RNG)
    (Categorical.from_parameters(logits).sample(RNG) * weights).sum().backward()
    expected = torch.autograd.grad((Categorical.from_parameters(logits).mean * weights).sum(), logits)[0]
    assert torch.allclose(logits.grad, expected, atol=1e-6)


def test_deviations_stay_above_the_floor():
    assert Gaussian.from_parameters(torch.full((1, 4), -50.0)).std.min() >= MIN_STD


def test_samples_have_the_mean_and_deviation_they_should():
    q = Gaussian(torch.full((20000, 1), 2.0), torch.full((20000, 1), 0.5))
    draws = q.sample(RNG)
    assert abs(draws.mean() - 2) < 0.02 and abs(draws.std() - 0.5) < 0.02


def test_balance_divides_the_gradient_and_free_nats_stop_it():
    shift = torch.ones(1, 4)
    ratio = []
    for balance in (0.8, 0.5):
        q_mean, p_mean = torch.zeros(1, 4, requires_grad=True), shift.clone().requires_grad_()
        q, p = Gaussian(q_mean, torch.ones(1, 4)), Gaussian(p_mean, torch.ones(1, 4))
        balanced_kl(q, p, balance=balance, free_nats=0.0).sum().backward()
        ratio.append(float(p_mean.grad.abs().sum() / q_mean.grad.abs().sum()))
    assert abs(ratio[0] - 4) < 1e-4 and abs(ratio[1] - 1) < 1e-4
    q_mean = torch.full((1, 4), 0.1, requires_grad=True)
    near = Gaussian(q_mean, torch.ones(1, 4))
    balanced_kl(near, Gaussian(torch.zeros(1, 4), torch.ones(1, 4)), balance=0.8, free_nats=1.0).sum().backward()
    assert q_mean.grad.abs().sum() == 0


def test_the_elbo_equals_the_evidence_of_a_linear_gaussian_model():
    """z ~ N(0, 1), x | z ~ N(a z, s^2): with the exact posterior the bound is log N(x; 0, a^2 + s^2), else below it."""
    a, s, x = 1.5, 0.7, torch.tensor([[0.8]])
    precision = 1 + a * a / s / s
    exact = Gaussian(a * x / s / s / precision, torch.full((1, 1), precision**-0.5))
    evidence = Normal(torch.zeros(1), (a * a + s * s) ** 0.5).log_prob(x).sum()

    def elbo(q):
        # E_q[log N(x; a z, s^2)] in closed form
        squared = (x - a * q.mean).square() + (a * q.std).square()
        likelihood = -0.5 * squared / s / s - torch.log(torch.tensor(s)) - 0.5 * torch.log(torch.tensor(2 * torch.pi))
        return likelihood.sum() - q.divergence(Gaussian(torch.zeros(1, 1), torch.ones(1, 1))).sum()

    assert torch.allclose(elbo(exact), evidence, atol=1e-5)
    assert elbo(Gaussian(exact.mean + 0.3, exact.std)) < evidence - 0.01
    assert elbo(Gaussian(exact.mean, exact.std * 1.5)) < evidence - 0.01
