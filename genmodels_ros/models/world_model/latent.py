"""Latent variables: Gaussian or categorical, and their divergence.

ELBO (Kingma & Welling 2014, eq. 3), with the prior conditioned on the memory h and weighted by beta:

    log p(x_1..T) >= sum_t E_q[log p(x_t | h_t, z_t)] - beta KL(q(z_t | h_t, x_t) || p(z_t | h_t))
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.sampling.normal import LOG_2PI

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
    def from_parameters(cls, parameters: Tensor, least: float = MIN_STD) -> "Gaussian":
        """From a network's output [*, 2 Z]; least: standard deviation."""
        mean, raw = parameters.chunk(2, dim=-1)
        return cls(mean, torch.nn.functional.softplus(raw) + least)

    def sample(self, rng: torch.Generator | None = None) -> Tensor:
        """The reparameterised draw mean + std * eps, through which gradients flow."""
        return self.mean + self.std * _drawn(torch.randn, self.mean, rng)

    def log_prob(self, z: Tensor) -> Tensor:
        """log density [*] in nats of z [*, Z]."""
        error = (z - self.mean) / self.std
        return -(0.5 * error.square() + self.std.log() + 0.5 * LOG_2PI).sum(-1)

    def divergence(self, other: "Gaussian") -> Tensor:
        """KL(self || other) in nats, summed over the latent: [*]."""
        return self.divergences(other).sum(-1)

    def divergences(self, other: "Gaussian") -> Tensor:
        """KL(self || other) in nats of each number: [*, Z]."""
        ratio = (self.std / other.std).square()
        distance = ((self.mean - other.mean) / other.std).square()
        return 0.5 * (ratio + distance - 1 - ratio.log())

    def map(self, function) -> "Gaussian":
        """The distribution with the same function applied to each parameter."""
        return Gaussian(function(self.mean), function(self.std))


@dataclass(frozen=True)
class Categorical:
    """Z / K independent one-of-K variables, drawn as one-hot vectors [*, Z] (Hafner et al. 2021)."""

    log_probs: Tensor  # [*, Z / K, K]

    @staticmethod
    def num_parameters(latent: int) -> int:
        """Outputs of a network that tells a distribution over `latent` numbers."""
        return latent

    @classmethod
    def from_parameters(cls, parameters: Tensor, classes: int = CLASSES, unimix: float = UNIMIX) -> "Categorical":
        """From a network's logits [*, Z]; classes: K."""
        probs = parameters.unflatten(-1, (-1, classes)).softmax(-1)
        return cls(((1 - unimix) * probs + unimix / classes).log())

    @property
    def mean(self) -> Tensor:
        """The probabilities [*, Z]."""
        return self.log_probs.exp().flatten(-2)

    def sample(self, rng: torch.Generator | None = None) -> Tensor:
        """One-hot draws whose gradient is that of the probabilities (straight through, Bengio et al. 2013)."""
        probs = self.log_probs.exp()
        drawn = _one_hot(self.log_probs + self._gumbel(rng))
        return (drawn + probs - probs.detach()).flatten(-2)

    def relaxed(self, temperature: float, rng: torch.Generator | None = None) -> Tensor:
        """Draws that are nearly one-hot and differentiable [*, Z]: Gumbel-softmax (Jang et al. 2017, equation 2)."""
        return ((self.log_probs + self._gumbel(rng)) / temperature).softmax(-1).flatten(-2)

    def most_likely(self) -> Tensor:
        """The likeliest class of each variable, as one-hot vectors [*, Z]."""
        return _one_hot(self.log_probs).flatten(-2)

    def log_prob(self, z: Tensor) -> Tensor:
        """log probability [*] in nats of one-hot z [*, Z]."""
        return (z.unflatten(-1, self.log_probs.shape[-2:]) * self.log_probs).sum((-1, -2))

    def divergence(self, other: "Categorical") -> Tensor:
        """KL(self || other) in nats, summed over the variables: [*]."""
        return self.divergences(other).sum(-1)

    def divergences(self, other: "Categorical") -> Tensor:
        """KL(self || other) in nats of each variable: [*, Z / K]."""
        return (self.log_probs.exp() * (self.log_probs - other.log_probs)).sum(-1)

    def map(self, function) -> "Categorical":
        """The distribution with the same function applied to its parameters."""
        return Categorical(function(self.log_probs))

    def _gumbel(self, rng: torch.Generator | None) -> Tensor:
        uniform = _drawn(torch.rand, self.log_probs, rng)
        return -(-uniform.clamp(1e-9, 1 - 1e-7).log()).log()


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


def _drawn(draw, like: Tensor, rng: torch.Generator | None) -> Tensor:
    """Random numbers of the shape of `like`, drawn where the generator is: a CPU's seed means the same everywhere."""
    device = like.device if rng is None else rng.device
    return draw(like.shape, generator=rng, device=device, dtype=like.dtype).to(like.device)


def _one_hot(scores: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).to(scores)
