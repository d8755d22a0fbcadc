"""Is the way from one latent to another even, or does it jump?

Path length in interpolation (Karras et al. 2019, StyleGAN, sec. 4.1), with the Euclidean distance of vectors in place
of a network's of pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.vae.latent_space import straight

STEPS = 32


@dataclass(frozen=True)
class Smoothness:
    """path_length: mean of |d decode / d t|² over the way, as StyleGAN's; detour: way over straight line between its
    ends, 1 for a straight one; largest_step: share of the way that lies in one of STEPS steps, 1/STEPS for an even one,
    1 for a jump. Means over pairs."""

    path_length: float
    detour: float
    largest_step: float


@torch.no_grad()
def interpolation_smoothness(
    decode: Callable[[Tensor], Tensor],
    first: Tensor,
    second: Tensor,
    scale: Tensor | float = 1.0,
    *,
    way: Callable[[Tensor, Tensor, int], Tensor] = straight,
) -> Smoothness:
    """decode(z [N, L]) → [N, D] along the ways from `first` to `second` [N, L]; lengths in units of scale [D].

    way: straight, or spherical for latents that are normal (models/vae/latent_space.py)
    """
    ways = [decode(way(a, b, STEPS + 1)) / scale for a, b in zip(first, second, strict=True)]
    stops = torch.stack(ways, dim=1)  # [STEPS + 1, N, D]
    steps = stops.diff(dim=0).norm(dim=-1)
    length, chord = steps.sum(dim=0), (stops[-1] - stops[0]).norm(dim=-1)
    tiny = torch.finfo(length.dtype).tiny
    return Smoothness(
        path_length=float((steps * STEPS).square().mean()),
        detour=float((length / chord.clamp(min=tiny)).mean()),
        largest_step=float((steps.amax(dim=0) / length.clamp(min=tiny)).mean()),
    )
