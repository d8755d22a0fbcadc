"""Small players for data that a person can check: perceptrons that see their input in waves of many lengths."""

import time
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from genmodels_ros.training.adversarial_game import AdversarialGame, adam
from genmodels_ros.training.collapse_watch import CollapseWatch
from genmodels_ros.training.gan_objectives import Objective
from genmodels_ros.training.loop import ExponentialMovingAverage, cosine_learning_rate, set_learning_rate


class Scaled(nn.Module):
    """A network's output brought to the size of the data."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


def perceptron(*widths: int) -> nn.Sequential:
    """Linear layers with leaky rectifiers between them."""
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
    return nn.Sequential(*layers[:-1])


def play(
    objective: Objective,
    generator: nn.Module,
    discriminator: nn.Module,
    reals: Callable[[], Tensor],
    codes: Callable[[], Tensor],
    *,
    updates: int,
    rate: float,
    gamma: float | None,
    rng: torch.Generator,
    momentum: float = 0.0,
    last_gamma: float = 1.0,
    penalty_every: int = 4,
) -> tuple[nn.Module, CollapseWatch, float]:
    """(averaged generator, watch, processor seconds) after `updates` of both players together: every objective is
    given the same work, however many updates of D it wants for one of G. gamma goes to `last_gamma` times itself, as
    R3GAN's does (Huang et al. 2024)."""
    optimizers = adam(generator, discriminator, (rate, rate), momentum)
    rules = AdversarialGame(
        objective, generator, discriminator, optimizers, rng=rng, gamma=gamma, penalty_every=penalty_every
    )
    average, watch = ExponentialMovingAverage(generator, decay=0.99), CollapseWatch(report_every=10**9)
    rounds, started = updates // (objective.discriminator_steps + 1), time.process_time()
    for number in range(rounds):
        for optimizer in optimizers.values():
            set_learning_rate(optimizer, cosine_learning_rate(number, rounds, rate, floor=0.0))
        rules.gamma = (gamma or 0.0) * last_gamma ** (number / rounds)
        watch.add(number, rules.round(number, reals, codes))
        average.update(generator, number)
    return average.average, watch, time.process_time() - started
