"""The adversarial game, each variant as the pair of losses that D and G minimise on logits d = D(.), and what keeps D
within bounds: a penalty on its gradient, a clip of its weights, or nothing.

Notation: real = D(y) with y from the data, fake = D(G(x, z)); sigma is the logistic function, so that
-log sigma(d) = softplus(-d) and -log(1 - sigma(d)) = softplus(d). The game is played by adversarial_game.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Discriminator = Callable[[Tensor], Tensor]


def _discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-(E log sigma(real) + E log(1 - sigma(fake))); optimum D* = log(p_data / p_G) as a logit (Goodfellow 2014)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def _minimax_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E log(1 - sigma(fake)): the zero-sum game itself. Its gradient vanishes where D is sure of a fake."""
    return -F.softplus(fake).mean()


def _non_saturating_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E log sigma(fake): the same fixed point, with a gradient where D is sure (Goodfellow 2014, section 3)."""
    return F.softplus(-fake).mean()


def _critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-(E real - E fake): the Wasserstein-1 distance, negative, if D is 1-Lipschitz (Arjovsky et al. 2017, eq. 2)."""
    return fake.mean() - real.mean()


def _critic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E fake: G moves its samples up the critic's slope, which never saturates."""
    return -fake.mean()


def _relativistic_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(-(real - fake)) over pairs: is the real one more real than the fake one? (Jolicoeur-Martineau 2018)"""
    return F.softplus(fake - real).mean()


def _relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The mirrored loss; with R1 and R2 it is the objective of R3GAN (Huang et al. 2024)."""
    return F.softplus(real - fake).mean()


def gradient_penalty(discriminator: Discriminator, samples: Tensor) -> Tensor:
    """E ||grad_x D(x)||²: R1 on real samples (Mescheder et al. 2018), R2 on generated ones. samples [B, ...].

    Patch logits are averaged per sample first, so that the penalty does not depend on how many patches there are.
    """
    return _gradient(discriminator, samples).square().sum(dim=1).mean()


def r1_penalty(discriminator: Discriminator, real: Tensor, fake: Tensor, rng: torch.Generator | None = None) -> Tensor:
    """1/2 E ||grad D||² on real samples: the simplest that makes the game converge (Mescheder et al. 2018, eq. 9)."""
    return 0.5 * gradient_penalty(discriminator, real)


def r1_r2_penalty(discriminator: Discriminator, real: Tensor, fake: Tensor, rng: torch.Generator | None = None):
    """1/2 (R1 + R2): on generated samples too, where a relativistic D would run away (Huang et al. 2024, section 2)."""
    return 0.5 * (gradient_penalty(discriminator, real) + gradient_penalty(discriminator, fake))


def unit_gradient_penalty(
    discriminator: Discriminator, real: Tensor, fake: Tensor, rng: torch.Generator | None = None
) -> Tensor:
    """E (||grad D|| - 1)² on straight lines between real and generated samples (Gulrajani et al. 2017, eq. 3)."""
    share = torch.rand(len(real), generator=rng).to(real).view(-1, *[1] * (real.dim() - 1))
    norm = _gradient(discriminator, torch.lerp(fake.detach(), real, share)).square().sum(dim=1).add(1e-12).sqrt()
    return (norm - 1).square().mean()


def _gradient(discriminator: Discriminator, samples: Tensor) -> Tensor:
    """grad_x D(x), [B, -1], with its graph."""
    samples = samples.detach().requires_grad_(True)
    logits = discriminator(samples).flatten(1).mean(dim=1)
    return torch.autograd.grad(logits.sum(), samples, create_graph=True)[0].flatten(1)


@torch.no_grad()
def clip_weights(module: nn.Module, bound: float) -> None:
    """Every parameter into [-bound, bound]: D is then Lipschitz for some constant (Arjovsky et al. 2017, alg. 1)."""
    for parameter in module.parameters():
        parameter.clamp_(-bound, bound)


@dataclass(frozen=True)
class Objective:
    """A variant of the game: what is minimised, and what its authors play it with.

    discriminator(real, fake), generator(real, fake)   → scalar losses
    penalty(D, real, fake, rng) → scalar, or None      added to D's loss, `gamma` times
    clip                                               bound of D's weights, or None
    discriminator_steps                                updates of D for each of G
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    penalty: Callable[..., Tensor] | None = None
    gamma: float = 1.0
    clip: float | None = None
    discriminator_steps: int = 1


OBJECTIVES = {
    "minimax": Objective(_discriminator_loss, _minimax_generator_loss, r1_penalty),
    "non_saturating": Objective(_discriminator_loss, _non_saturating_generator_loss, r1_penalty),
    "wgan": Objective(_critic_loss, _critic_generator_loss, clip=0.01, discriminator_steps=5),
    "wgan_gp": Objective(_critic_loss, _critic_generator_loss, unit_gradient_penalty, gamma=10, discriminator_steps=5),
    "relativistic": Objective(_relativistic_discriminator_loss, _relativistic_generator_loss, r1_r2_penalty),
}
