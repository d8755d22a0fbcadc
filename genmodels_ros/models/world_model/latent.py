"""Latent variables: Gaussian or categorical, and their divergence.

ELBO (Kingma & Welling 2014, eq. 3), with the prior conditioned on the memory h and weighted by beta:

    log p(x_1..T) >= sum_t E_q[log p(x_t | h_t, z_t)] - beta KL(q(z_t | h_t, x_t) || p(z_t | h_t))
"""

from dataclasses import dataclass

import torch
from torch import Tensor

MIN_STD = 0.1
CLASSES = 8  # of each categorical variable
UNIMIX = 0.01  # share of the uniform distribution that every categorical holds (Hafner et al. 2023)


@dataclass(frozen=True)
class Gaussian:
    """A diagonal normal distribution over [*, Z]."""

    mean: Tensor
    std: Tensor

    @staticmethod
    def num_parameters(latent: int) -> int:
        """Outputs of a network that tells a distribution over `latent` numbers."""
        return 2 * latent

    @classmethod
    def from_parameters(cls, parameters: Tensor) -> "Gaussian":
        """From a network's output [*, 2 Z]."""
        mean, raw = parameters.chunk(2, dim=-1)
        return cls(mean, torch.nn.functional.softplus(raw) + MIN_STD)

    def sample(self, rng: torch.Generator | None = None) -> Tensor:
        """The reparameterised draw mean + std * eps, through which gradients flow."""
        eps = torch.randn(self.mean.shape, generator=rng, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + self.std * eps

    def divergence(self, other: "Gaussian") -> Tensor:
        """KL(self || other) in nats, summed over the latent: [*]."""
        ratio = (self.std / other.std).square()
        distance = ((self.mean - other.mean) / other.std).square()
        return 0.5 * (ratio + distance - 1 - ratio.log()).sum(-1)

    def map(self, function) -> "Gaussian":
        """The distribution with the same function applied to each parameter."""
        return Gaussian(function(self.mean), function(self.std))


@dataclass(frozen=True)
class Categorical:
    """Z / CLASSES independent one-of-CLASSES variables, drawn as one-hot vectors [*, Z] (Hafner et al. 2021)."""

    log_probs: Tensor  # [*, Z / CLASSES, CLASSES]

    @staticmethod
    def num_parameters(latent: int) -> int:
        """Outputs of a network that tells a distribution over `latent` numbers."""
        return latent

    @classmethod
    def from_parameters(cls, parameters: Tensor) -> "Categorical":
        """From a network's logits [*, Z]."""
        probs = parameters.unflatten(-1, (-1, CLASSES)).softmax(-1)
        return cls(((1 - UNIMIX) * probs + UNIMIX / CLASSES).log())

    @property
    def mean(self) -> Tensor:
        """The probabilities [*, Z]."""
        return self.log_probs.exp().flatten(-2)

    def sample(self, rng: torch.Generator | None = None) -> Tensor:
        """One-hot draws whose gradient is that of the probabilities (straight through, Bengio et al. 2013)."""
        probs = self.log_probs.exp()
        uniform = torch.rand(probs.shape, generator=rng, device=probs.device, dtype=probs.dtype)
        gumbel = -(-uniform.clamp(1e-9, 1 - 1e-7).log()).log()
        drawn = torch.nn.functional.one_hot((self.log_probs + gumbel).argmax(-1), CLASSES).to(probs)
        return (drawn + probs - probs.detach()).flatten(-2)

    def divergence(self, other: "Categorical") -> Tensor:
        """KL(self || other) in nats, summed over the variables: [*]."""
        return (self.log_probs.exp() * (self.log_probs - other.log_probs)).sum((-1, -2))

    def map(self, function) -> "Categorical":
        """The distribution with the same function applied to its parameters."""
        return Categorical(function(self.log_probs))


Latent = Gaussian | Categorical
LATENTS = {"gaussian": Gaussian, "categorical": Categorical}


def balanced_kl(posterior: Latent, prior: Latent, *, balance: float, free_nats: float) -> Tensor:
    """KL whose gradient goes to the prior with weight `balance` and to the posterior with the rest [*].

    Below `free_nats` there is no gradient: that much information about the observation costs nothing
    (Hafner et al. 2023, eq. 5).
    """
    fixed_posterior, fixed_prior = posterior.map(torch.detach), prior.map(torch.detach)
    train_prior = fixed_posterior.divergence(prior).clamp(min=free_nats)
    train_posterior = posterior.divergence(fixed_prior).clamp(min=free_nats)
    return balance * train_prior + (1 - balance) * train_posterior
