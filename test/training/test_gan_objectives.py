import math

import pytest
import torch

from genmodels_ros.training.gan_objectives import OBJECTIVES, gradient_penalty


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
