import math

import pytest
import torch
from torch import nn

from genmodels_ros.training.gan_objectives import (
    OBJECTIVES,
    clip_weights,
    gradient_penalty,
    r1_penalty,
    r1_r2_penalty,
    unit_gradient_penalty,
)

# dL/d real and dL/d fake of D's loss, dL/d fake of G's, one sample's, by hand
sigma = torch.sigmoid
GRADIENTS = {
    "minimax": (lambda r, f: -sigma(-r), lambda r, f: sigma(f), lambda r, f: -sigma(f)),
    "non_saturating": (lambda r, f: -sigma(-r), lambda r, f: sigma(f), lambda r, f: -sigma(-f)),
    "wgan": (lambda r, f: -torch.ones_like(r), lambda r, f: torch.ones_like(f), lambda r, f: -torch.ones_like(f)),
    "wgan_gp": (lambda r, f: -torch.ones_like(r), lambda r, f: torch.ones_like(f), lambda r, f: -torch.ones_like(f)),
    "relativistic": (lambda r, f: -sigma(f - r), lambda r, f: sigma(f - r), lambda r, f: -sigma(r - f)),
}


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_are_those_of_the_closed_form(name):
    """On a toy with a linear D(x) = w.x and G(z) = z + theta: dL/dw and dL/dtheta by the chain rule, by hand."""
    real, z = noise(64, 3, seed=1) + 1, noise(64, 3, seed=2)
    w, theta = noise(3, seed=3).requires_grad_(), noise(3, seed=4).requires_grad_()
    d_real, d_fake, g_fake = (gradient(real @ w, (z + theta) @ w) for gradient in GRADIENTS[name])
    objective = OBJECTIVES[name]
    (of_w,) = torch.autograd.grad(objective.discriminator(real @ w, (z + theta).detach() @ w), w)
    expected = (d_real[:, None] * real + d_fake[:, None] * (z + theta)).mean(0)
    assert torch.allclose(of_w, expected, atol=1e-6)
    (of_theta,) = torch.autograd.grad(objective.generator(real @ w, (z + theta) @ w), theta)
    assert torch.allclose(of_theta, g_fake.mean() * w, atol=1e-6)


def trained(loss, network, steps, rate, after=lambda: None):
    """`network` after descending `loss()`, with a rate that goes to zero."""
    optimizer = torch.optim.Adam(network.parameters(), rate)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        decay.step()
        after()
    return network


def small_network(inputs=1, outputs=1, width=24):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, outputs)
    )


def test_a_trained_discriminator_of_two_gaussians_is_their_log_ratio_and_its_value_their_divergence():
    """p = N(1, 1), q = N(-1, 1): log p/q = 2 x (Goodfellow 2014, proposition 1 and theorem 1)."""
    objective, network = OBJECTIVES["non_saturating"], small_network()
    quantiles = torch.special.ndtri((torch.arange(512) + 0.5) / 512)[:, None]  # a normal distribution without its noise
    optimizer = torch.optim.LBFGS(network.parameters(), max_iter=100)

    def loss():
        optimizer.zero_grad()
        value = objective.discriminator(network(1 + quantiles), network(-1 + quantiles))
        value.backward()
        return value

    optimizer.step(loss)
    x = torch.linspace(-6, 6, 2001)[:, None]
    p, q = ((-0.5 * (x - mean).square()).exp() / math.sqrt(2 * math.pi) for mean in (1, -1))
    with torch.no_grad():
        logits = network(x)
    assert ((logits - 2 * x).abs() * (p + q) / 2).sum() * 0.006 < 0.15  # mean error where the samples are
    middle = (p + q) / 2
    divergence = 0.5 * (p * (p / middle).log() + q * (q / middle).log()).sum() * 0.006
    value = -(p * nn.functional.softplus(-logits) + q * nn.functional.softplus(logits)).sum() * 0.006
    assert abs(0.5 * (value + math.log(4)) - divergence) < 0.01


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_penalised_critic_measures_the_distance_of_what_is_shifted(spread):
    """W1 of a shift by s is s. With weight lam a critic's slope is 1 + s/(2 lam), which the distance is divided by."""
    shift, weight = 1.5, 10.0
    rng, network = torch.Generator().manual_seed(0), small_network()
    objective = OBJECTIVES["wgan_gp"]

    def loss():
        real, fake = shift + spread * _draw(rng, 256), spread * _draw(rng, 256)
        penalty = objective.penalty(network, real, fake, rng)
        return objective.discriminator(network(real), network(fake)) + weight * penalty

    trained(loss, network, 200, 1e-2)
    sample = spread * _draw(rng, 4000)
    with torch.no_grad():
        distance = -objective.discriminator(network(sample + shift), network(sample))
    assert abs(distance / (1 + shift / (2 * weight)) - shift) < 0.06 * shift


def test_the_clipped_critic_measures_the_distance_in_units_of_its_bound():
    """A linear critic with |w| <= c: sup E real - E fake = c W1 for a shift along one axis."""
    objective = OBJECTIVES["wgan"]
    critic = nn.Linear(2, 1)
    real, fake = torch.tensor([[3.0, 1.0]]).repeat(8, 1), torch.tensor([[0.5, 1.0]]).repeat(8, 1)
    trained(
        lambda: objective.discriminator(critic(real), critic(fake)), critic, 200, 1e-2,
        after=lambda: clip_weights(critic, objective.clip),
    )  # fmt: skip
    assert all(parameter.abs().max() <= objective.clip for parameter in critic.parameters())
    with torch.no_grad():
        distance = -objective.discriminator(critic(real), critic(fake)) / objective.clip
    assert math.isclose(float(distance), 2.5, rel_tol=1e-5)


def test_the_recommended_rules_are_those_of_the_papers():
    assert OBJECTIVES["wgan"].clip == 0.01 and OBJECTIVES["wgan"].discriminator_steps == 5  # Arjovsky et al. 2017
    assert OBJECTIVES["wgan_gp"].gamma == 10 and OBJECTIVES["wgan_gp"].discriminator_steps == 5  # Gulrajani et al. 2017
    assert OBJECTIVES["relativistic"].penalty is r1_r2_penalty
    assert all(objective.clip is None or objective.penalty is None for objective in OBJECTIVES.values())


def test_penalties_of_linear_and_quadratic_discriminators_are_their_closed_forms():
    real, fake, w = noise(5, 3, seed=1), 2 * noise(5, 3, seed=2), noise(3, seed=3)
    for name, discriminator, squared in (
        ("linear", lambda x: (x @ w)[:, None], lambda x: w.square().sum().expand(len(x))),
        ("quadratic", lambda x: x.square().sum(1, keepdim=True), lambda x: 4 * x.square().sum(1)),
    ):
        r1, r2 = squared(real).mean() / 2, squared(fake).mean() / 2
        assert torch.allclose(r1_penalty(discriminator, real, fake), r1), name
        assert torch.allclose(r1_r2_penalty(discriminator, real, fake), r1 + r2), name
    slope = torch.tensor([3.0, 4.0, 0.0])
    unit = unit_gradient_penalty(lambda x: (x @ slope)[:, None], real, fake, torch.Generator().manual_seed(0))
    assert torch.allclose(unit, torch.tensor(16.0))  # (5 - 1)²


def test_the_unit_penalty_looks_between_the_samples():
    """D(x) = |x|²: its gradient 2x, taken at points whose norm must lie between those of real and fake."""
    real, fake = torch.ones(500, 1), 3 * torch.ones(500, 1)
    penalty = unit_gradient_penalty(lambda x: x.square(), real, fake, torch.Generator().manual_seed(0))
    assert abs(float(penalty.detach()) - (5**3 - 1) / 12) < 0.6  # mean of (2 u - 1)² over u in [1, 3]


def _draw(rng, count=512):
    return torch.randn(count, 1, generator=rng)


def optimal_discriminator(name, p_data, p_model):
    """Logits that minimise D's loss on a space of few points with the given probabilities, found by descent."""
    logits = torch.zeros(len(p_data), requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    # counts stand for probabilities: each point repeated as often as it is likely
    real_index = torch.repeat_interleave(torch.arange(len(p_data)), (torch.tensor(p_data) * 20).long())
    fake_index = torch.repeat_interleave(torch.arange(len(p_model)), (torch.tensor(p_model) * 20).long())
    for _ in range(600):
        optimizer.zero_grad()
        OBJECTIVES[name].discriminator(logits[real_index], logits[fake_index]).backward()
        optimizer.step()
    return logits.detach()


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_the_optimal_discriminator_is_the_log_density_ratio(name):
    logits = optimal_discriminator(name, [0.5, 0.3, 0.2], [0.25, 0.25, 0.5])
    expected = torch.log(torch.tensor([2.0, 1.2, 0.4]))
    assert torch.allclose(logits, expected, atol=0.02)


def test_the_value_of_the_game_at_the_optimum_is_the_jensen_shannon_divergence():
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.25, 0.25, 0.5])
    middle = (p + q) / 2
    divergence = 0.5 * ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum())
    best = torch.log(p / q)
    value = -OBJECTIVES["minimax"].discriminator(
        best[torch.tensor([0] * 10 + [1] * 6 + [2] * 4)], best[torch.tensor([0] * 5 + [1] * 5 + [2] * 10)]
    )
    assert math.isclose(float(value), float(2 * divergence - math.log(4)), abs_tol=1e-5)  # Goodfellow 2014, theorem 1


def test_minimax_is_a_zero_sum_game_in_what_the_generator_controls():
    fake = torch.randn(50, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (of_d,) = torch.autograd.grad(OBJECTIVES["minimax"].discriminator(torch.zeros(50), fake), fake)
    (of_g,) = torch.autograd.grad(OBJECTIVES["minimax"].generator(torch.zeros(50), fake), fake)
    assert torch.allclose(of_d, -of_g)


def test_gradients_where_the_discriminator_is_sure():
    def gradient(name):
        fake = torch.tensor([-8.0], requires_grad=True)
        return torch.autograd.grad(OBJECTIVES[name].generator(torch.tensor([8.0]), fake), fake)[0].abs().item()

    assert gradient("minimax") < 1e-3  # saturates
    assert gradient("non_saturating") > 0.99
    assert gradient("relativistic") > 0.99


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_generator_wants_its_images_to_look_more_real(name):
    fake = torch.zeros(5, requires_grad=True)
    (gradient,) = torch.autograd.grad(OBJECTIVES[name].generator(torch.zeros(5), fake), fake)
    assert (gradient < 0).all()


def test_relativistic_losses_see_differences_only():
    real, fake = torch.randn(2, 9, generator=torch.Generator().manual_seed(1))
    objective = OBJECTIVES["relativistic"]
    for loss in (objective.discriminator, objective.generator):
        assert torch.allclose(loss(real, fake), loss(real + 3, fake + 3), atol=1e-5)


def test_the_penalty_is_the_squared_norm_of_the_gradient():
    weights = torch.randn(12, generator=torch.Generator().manual_seed(2))
    samples = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(3))
    linear = gradient_penalty(lambda x: (x.flatten(1) @ weights)[:, None], samples)
    assert torch.allclose(linear, weights.square().sum())
    quadratic = gradient_penalty(lambda x: x.square().flatten(1).sum(1, keepdim=True), samples)
    assert torch.allclose(quadratic, 4 * samples.square().flatten(1).sum(1).mean())


def test_the_penalty_can_be_descended():
    weights = torch.ones(12, requires_grad=True)
    gradient_penalty(lambda x: (x.flatten(1) @ weights)[:, None], torch.zeros(4, 3, 2, 2)).backward()
    assert torch.allclose(weights.grad, 2 * torch.ones(12))
