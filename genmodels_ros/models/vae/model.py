"""The variational autoencoder (Kingma & Welling 2014): p(x) = ∫ p(x | z) p(z) dz, with q(z | x) to find likely z.

    log p(x) >= ELBO = E_q log p(x | z) - KL(q(z | x) ‖ p(z))        (their eq. 3)

Gaussian q and p(x | z); p(z) = N(0, I).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.models.family import Family, FamilyConfig, perceptron, with_condition

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class VariationalAutoencoderConfig(FamilyConfig):
    """latent: L; beta: weight of the KL (Higgins et al. 2017)."""

    latent: int = 8
    width: int = 128
    layers: int = 2
    beta: float = 1.0

    def check(self) -> None:
        self.within("latent", 1, 4096)
        self.within("width", 1, 8192)
        self.within("layers", 1, 32)
        self.within("beta", 0.0, 1000.0)


class VariationalAutoencoder(Family):
    """Decoder variance is one number a column, learnt."""

    Config = VariationalAutoencoderConfig
    likelihood = "bound"

    def __init__(self, config: VariationalAutoencoderConfig):
        super().__init__(config)
        D, C, L = config.dimension, config.condition_dimension, config.latent
        self.encoder = perceptron(D + C, 2 * L, config.width, config.layers)
        self.decoder = perceptron(L + C, D, config.width, config.layers)
        self.log_sigma = nn.Parameter(torch.zeros(D))

    def posterior(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation [N, L] of q(z | x)."""
        mean, log_deviation = self.encoder(with_condition(x, condition)).chunk(2, dim=-1)
        return mean, log_deviation.clamp(-8, 4)

    def elbo(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """E_q log p(x | z) by one draw, and KL(q ‖ p) in closed form, [N] each."""
        mean, log_deviation = self.posterior(x, condition)
        z = mean + log_deviation.exp() * normal(mean, rng)
        kl = 0.5 * (mean.square() + (2 * log_deviation).exp() - 1 - 2 * log_deviation).sum(-1)
        return self.log_likelihood(x, z, condition), kl

    def log_likelihood(self, x: Tensor, z: Tensor, condition: Tensor | None) -> Tensor:
        """log p(x | z) [N]."""
        log_sigma = self.log_sigma.clamp(min=-6)
        error = (x - self.decode(z, condition)) * (-log_sigma).exp()
        return -(0.5 * error.square() + log_sigma + 0.5 * LOG_2PI).sum(-1)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        reconstruction, kl = self.elbo(x, condition, rng)
        return (self.config.beta * kl - reconstruction).mean()

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        """The ELBO."""
        reconstruction, kl = self.elbo(x, condition, rng or torch.Generator().manual_seed(0))
        return reconstruction - kl

    def encode(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.posterior(x, condition)[0]

    def decode(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.decoder(with_condition(z, condition))

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        z = normal(self.log_sigma.new_empty(n, self.config.latent), rng)
        x = self.decode(z, condition)
        return x + self.log_sigma.clamp(min=-6).exp() * normal(x, rng)


def normal(like: Tensor, rng: torch.Generator) -> Tensor:
    """Standard normal numbers of the shape of `like`, drawn on the CPU."""
    return torch.randn(like.shape, generator=rng, dtype=like.dtype).to(like.device)
