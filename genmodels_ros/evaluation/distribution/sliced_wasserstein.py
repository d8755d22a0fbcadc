"""Sliced Wasserstein distance: how far mass must be carried, averaged over directions (Bonneel et al. 2015)."""

import torch
from torch import Tensor

PROJECTIONS = 256


def sliced_wasserstein(first: Tensor, second: Tensor, rng: torch.Generator, projections: int = PROJECTIONS) -> float:
    """E_θ W_1(θ·x, θ·y) of [N, D] and [M, D], in their units, over directions drawn evenly from the sphere.

    Not 0 for two samples of one distribution but near 1/sqrt(N): compare it with that of two real samples.
    """
    directions = torch.randn(projections, first.shape[1], generator=rng, dtype=first.dtype)
    directions = directions / directions.norm(dim=1, keepdim=True)
    return float(wasserstein_1(first @ directions.T, second @ directions.T).mean())


def wasserstein_1(first: Tensor, second: Tensor) -> Tensor:
    """W_1 = ∫ |F - G| of each column of [N, P] and [M, P], [P]; N and M may differ."""
    x, y = (part.double().T.contiguous().sort(dim=1).values for part in (first, second))
    points = torch.cat([x, y], dim=1).sort(dim=1).values
    below_x, below_y = (
        torch.searchsorted(part, points[:, :-1].contiguous(), right=True) / part.shape[1] for part in (x, y)
    )
    return ((below_x - below_y).abs() * points.diff(dim=1)).sum(dim=1)
