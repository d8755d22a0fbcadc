from dataclasses import replace

import pytest
import torch
from torch import nn

from genmodels_ros.training.adversarial_game import AdversarialGame, adam
from genmodels_ros.training.gan_objectives import OBJECTIVES


def game(name="relativistic", **rules):
    """G(z) = z A + b against a quadratic D, which sees mean and spread."""
    torch.manual_seed(0)
    generator = nn.Linear(1, 1)
    discriminator = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    rng = torch.Generator().manual_seed(0)
    objective = rules.pop("objective", OBJECTIVES[name])
    return AdversarialGame(
        objective, generator, discriminator, adam(generator, discriminator, (1e-2, 1e-2)), rng=rng, **rules
    )


def play(played, rounds):
    reals = lambda: 2 + 0.5 * torch.randn(128, 1, generator=played.rng)  # noqa: E731
    codes = lambda: torch.randn(128, 1, generator=played.rng)  # noqa: E731
    return [played.round(number, reals, codes) for number in range(rounds)]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_moves_the_generator_to_the_data(name):
    played = game(name, gamma=0.3 if name != "wgan_gp" else None)
    before = float(played.generator.bias.detach())
    play(played, 100)
    assert abs(float(played.generator.bias.detach()) - 2) < 0.6 * abs(before - 2)


def test_rules_of_the_objective_are_kept():
    calls = []
    objective = replace(
        OBJECTIVES["wgan"], penalty=lambda d, real, fake, rng: calls.append(1) or real.sum() * 0, discriminator_steps=3
    )
    played = game(objective=objective, penalty_every=2)
    play(played, 4)
    assert len(calls) == 2 * 3  # rounds 0 and 2, three updates of D each
    assert max(float(p.abs().max()) for p in played.discriminator.parameters()) <= objective.clip


def test_a_lazy_penalty_weighs_as_much_more():
    seen = []
    objective = replace(OBJECTIVES["relativistic"], penalty=lambda d, real, fake, rng: d(real).mean())
    for every in (1, 4):
        played = game(objective=objective, penalty_every=every, gamma=1e3)
        played.optimizers["discriminator"] = torch.optim.SGD(played.discriminator.parameters(), 1e-6)
        before = played.discriminator[2].bias.clone()
        play(played, 1)
        seen.append(float((before - played.discriminator[2].bias).detach()))
    assert abs(seen[1] / seen[0] - 4) < 0.01


def test_both_sides_are_shown_alike_and_the_generator_learns_through_it():
    shown = []
    played = game(show=lambda sample: shown.append(sample.requires_grad) or sample * 2)
    before = float(played.generator.bias.detach())
    play(played, 1)
    assert shown == [False, False, False, True]  # real, fake to D; real, fake to G
    assert float(played.generator.bias.detach()) != before


def test_only_whose_turn_it_is_changes():
    played = game()
    weights = [parameter.clone() for parameter in played.generator.parameters()]
    played.update_discriminator(0, torch.ones(8, 1), torch.zeros(8, 1))
    assert all(torch.equal(a, b) for a, b in zip(weights, played.generator.parameters(), strict=True))
    weights = [parameter.clone() for parameter in played.discriminator.parameters()]
    played.update_generator(torch.ones(8, 1), torch.zeros(8, 1))
    assert all(torch.equal(a, b) for a, b in zip(weights, played.discriminator.parameters(), strict=True))
    assert all(parameter.requires_grad for parameter in played.discriminator.parameters())
