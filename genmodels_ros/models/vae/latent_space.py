"""Ways through a latent space: between two points, and along what tells two groups apart."""

import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError


def straight(z_0: Tensor, z_1: Tensor, steps: int) -> Tensor:
    """[steps, L] on the line from z_0 [L] to z_1 [L], both included."""
    return torch.lerp(z_0, z_1, torch.linspace(0, 1, steps).to(z_0)[:, None])


def spherical(z_0: Tensor, z_1: Tensor, steps: int) -> Tensor:
    """[steps, L] on the arc from z_0 to z_1 (Shoemake 1985). The middle of a line between two draws of N(0, I) is
    nearer to the origin than draws ever are; the arc keeps their distance (White 2016, "Sampling Generative Networks").
    """
    cosine = torch.nn.functional.cosine_similarity(z_0, z_1, dim=0).clamp(-1, 1)
    angle = cosine.arccos()
    if angle.sin() < 1e-4:  # parallel: the arc is the line; opposite: no arc is better than another
        return straight(z_0, z_1, steps)
    share = torch.linspace(0, 1, steps).to(z_0)[:, None]
    return (((1 - share) * angle).sin() * z_0 + (share * angle).sin() * z_1) / angle.sin()


def direction(z: Tensor, has: Tensor) -> Tensor:
    """[L] from the mean of those of z [N, L] without an attribute to the mean of those with it; has [N] bool.

    z + a direction turns the attribute up by a (Larsen et al. 2016, section 3.3). Raises GenModelsError(INVALID_DATA)
    where all have it, or none.
    """
    has = torch.as_tensor(has, dtype=torch.bool, device=z.device)
    if has.all() or not has.any():
        raise GenModelsError(ErrorCode.INVALID_DATA, "A direction needs some with the attribute and some without it.")
    return z[has].mean(0) - z[~has].mean(0)
