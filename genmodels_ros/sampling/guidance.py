"""Classifier-free guidance: what the condition changes, enlarged (Ho & Salimans 2022)."""

import torch
from torch import Tensor

from genmodels_ros.sampling.reverse_process import Denoiser


def classifier_free_guidance(denoiser: Denoiser, scale: float) -> Denoiser:
    """p_uncond + scale (p_cond - p_uncond): scale 1 is the conditional prediction, more keeps closer to the condition.

    denoiser: of batches [2 B], the conditional rows first; one call serves both. The formula holds in every
    parameterisation, as each is affine in eps for a given x_t.
    """

    def guided(x_t: Tensor, t: int, x_0: Tensor | None) -> Tensor:
        twice = [None if x is None else torch.cat([x, x]) for x in (x_t, x_0)]
        conditional, unconditional = denoiser(twice[0], t, twice[1]).chunk(2)
        return unconditional + scale * (conditional - unconditional)

    return guided
