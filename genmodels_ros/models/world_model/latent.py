"""Gaussian latents and their divergence.

ELBO (Kingma & Welling 2014, eq. 3), with the prior conditioned on the memory h and weighted by beta:

    log p(x_1..T) >= sum_t E_q[log p(x_t | h_t, z_t)] - beta KL(q(z_t | h_t, x_t) || p(z_t | h_t))
"""

from dataclasses import dataclass

import torch
from torch import Tensor

MIN_STD = 0.1


@dataclass(frozen=True)
class Gaussian:
    """A diagonal normal distribution over [*, Z]."""

    mean: Tensor
    std: Tensor

    @classmethod
    def from_parameters(cls, parameters: Tensor) -> "Gaussian":
        """From a network's output [*, 2 Z]."""
        mean, raw = parameters.chunk(2, dim=-1)
        return cls(mean, torch.nn.functional.softplus(raw) + MIN_STD)

    def sample(self, rng: torch.Generator | None = None) -> Tensor:
        """The reparameterised draw mean + std * eps, through which gradients flow."""
        eps = torch.randn(self.mean.shape, generator=rng, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + self.std * eps

    def detach(self) -> "Gaussian":
        return Gaussian(self.mean.detach(), self.std.detach())


def kl_divergence(q: Gaussian, p: Gaussian) -> Tensor:
    """KL(q || p) in nats, summed over the latent: [*]."""
    ratio = (q.std / p.std).square()
    distance = ((q.mean - p.mean) / p.std).square()
    return 0.5 * (ratio + distance - 1 - ratio.log()).sum(-1)


def balanced_kl(posterior: Gaussian, prior: Gaussian, *, balance: float, free_nats: float) -> Tensor:
    """KL whose gradient goes to the prior with weight `balance` and to the posterior with the rest [*].

    Below `free_nats` there is no gradient: that much information about the observation costs nothing
    (Hafner et al. 2023, eq. 5).
    """
    train_prior = kl_divergence(posterior.detach(), prior).clamp(min=free_nats)
    train_posterior = kl_divergence(posterior, prior.detach()).clamp(min=free_nats)
    return balance * train_prior + (1 - balance) * train_posterior
