"""Is the way from one latent to another even, or does it jump?

Path length in interpolation (Karras et al. 2019, StyleGAN, sec. 4.1), with the Euclidean distance of vectors in place
of a network's of pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

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
    between: Callable[[Tensor, Tensor, float], Tensor] = torch.lerp,
) -> Smoothness:
    """decode(z [N, L]) → [N, D] along the ways from `first` to `second` [N, L]; lengths in units of scale [D].

    between: torch.lerp, or `spherical` for latents that are normal: they live on a shell that a line leaves
    """
    shares = torch.linspace(0, 1, STEPS + 1).tolist()
    stops = torch.stack([decode(between(first, second, share)) / scale for share in shares])  # [STEPS + 1, N, D]
    steps = stops.diff(dim=0).norm(dim=-1)
    way, straight = steps.sum(dim=0), (stops[-1] - stops[0]).norm(dim=-1)
    tiny = torch.finfo(way.dtype).tiny
    return Smoothness(
        path_length=float((steps * STEPS).square().mean()),
        detour=float((way / straight.clamp(min=tiny)).mean()),
        largest_step=float((steps.amax(dim=0) / way.clamp(min=tiny)).mean()),
    )


def spherical(first: Tensor, second: Tensor, share: float) -> Tensor:
    """On the great circle (Shoemake 1985), lengths interpolated as well; a line where both point the same way."""
    a, b = (z / z.norm(dim=-1, keepdim=True).clamp(min=1e-12) for z in (first, second))
    angle = (a * b).sum(-1, keepdim=True).clamp(-1, 1).acos()
    near = angle.sin().abs() < 1e-6
    sine = torch.where(near, 1.0, angle.sin())
    direction = (((1 - share) * angle).sin() * a + (share * angle).sin() * b) / sine
    length = torch.lerp(first.norm(dim=-1, keepdim=True), second.norm(dim=-1, keepdim=True), share)
    return torch.where(near, torch.lerp(first, second, share), length * direction)
