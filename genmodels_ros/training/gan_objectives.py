"""The adversarial game, each variant as the pair of losses that D and G minimise on logits d = D(.).

Notation: real = D(y) with y from the data, fake = D(G(x, z)); sigma is the logistic function, so that
-log sigma(d) = softplus(-d) and -log(1 - sigma(d)) = softplus(d).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Objective:
    """discriminator(real, fake) and generator(real, fake) → scalar losses to be minimised."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]


def _discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-(E log sigma(real) + E log(1 - sigma(fake))); optimum D* = log(p_data / p_G) as a logit (Goodfellow 2014)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def _minimax_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E log(1 - sigma(fake)): the zero-sum game itself. Its gradient vanishes where D is sure of a fake."""
    return -F.softplus(fake).mean()


def _non_saturating_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E log sigma(fake): the same fixed point, with a gradient where D is sure (Goodfellow 2014, section 3)."""
    return F.softplus(-fake).mean()


def _relativistic_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E softplus(-(real - fake)) over pairs: is the real one more real than the fake one? (Jolicoeur-Martineau 2018)"""
    return F.softplus(fake - real).mean()


def _relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The mirrored loss; with R1 and R2 it is the objective of R3GAN (Huang et al. 2024)."""
    return F.softplus(real - fake).mean()


OBJECTIVES = {
    "minimax": Objective(_discriminator_loss, _minimax_generator_loss),
    "non_saturating": Objective(_discriminator_loss, _non_saturating_generator_loss),
    "relativistic": Objective(_relativistic_discriminator_loss, _relativistic_generator_loss),
}


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """E ||grad_x D(x)||²: R1 on real samples (Mescheder et al. 2018), R2 on generated ones. samples [B, ...].

    Patch logits are averaged per sample first, so that the penalty does not depend on how many patches there are.
    """
    samples = samples.detach().requires_grad_(True)
    logits = discriminator(samples).flatten(1).mean(dim=1)
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()
