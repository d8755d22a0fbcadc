"""Distributions in the plane whose density is known: what a model learnt of them can be held against the truth.

eight_gaussians   on a circle of radius 2, deviation 0.1
grid              25 Gaussians, 2 apart, deviation 0.05 (Srivastava et al. 2017, VEEGAN)
two_moons         half circles of radius 1, deviation 0.1, placed as in zuko's tutorial
checkerboard      uniform on the 8 dark squares of side 2 in [-4, 4]² (Grathwohl et al. 2019, FFJORD)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError

ARC_NODES = 200  # of Gauss and Legendre on each moon: 6 for each deviation


@dataclass(frozen=True)
class Toy:
    """sample(count, rng) → float32 [count, 2]; log_prob([N, 2]) → [N] nats, in the precision of its argument.

    centres [K, 2] and deviation of its modes, where it is made of separate Gaussians
    """

    name: str
    sample: Callable[[int, torch.Generator], Tensor]
    log_prob: Callable[[Tensor], Tensor]
    centres: Tensor | None = None
    deviation: float | None = None


def toy(name: str) -> Toy:
    """Raises GenModelsError(INVALID_DATA) naming what there is."""
    if name not in TOYS:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"No toy data {name!r}; there are: {', '.join(TOYS)}.")
    return TOYS[name]()


def eight_gaussians() -> Toy:
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    return _gaussians("eight_gaussians", 2 * torch.stack([angle.cos(), angle.sin()], dim=1), 0.1)


def grid() -> Toy:
    return _gaussians("grid", torch.cartesian_prod(*[torch.arange(-4.0, 5.0, 2.0, dtype=torch.float64)] * 2), 0.05)


def _gaussians(name: str, centres: Tensor, deviation: float) -> Toy:
    """Round, of equal weights."""
    weights = torch.full((len(centres),), 1 / len(centres), dtype=torch.float64)

    def sample(count: int, rng: torch.Generator) -> Tensor:
        chosen = torch.randint(len(centres), (count,), generator=rng)
        return centres.float()[chosen] + deviation * torch.randn(count, 2, generator=rng)

    def log_prob(x: Tensor) -> Tensor:
        return _mixture_log_prob(x, centres, weights, deviation)

    return Toy(name, sample, log_prob, centres, deviation)


def two_moons() -> Toy:
    """The density is an integral over the arcs; Gauss and Legendre's nodes make it a sum."""
    deviation = 0.1
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(ARC_NODES))
    upper = math.pi * (nodes + 1) / 2
    arcs, weights = _moons(torch.cat([upper, upper + math.pi])), torch.cat([weights, weights]) / 4

    def sample(count: int, rng: torch.Generator) -> Tensor:
        angle = 2 * math.pi * torch.rand(count, generator=rng)
        return _moons(angle) + deviation * torch.randn(count, 2, generator=rng)

    def log_prob(x: Tensor) -> Tensor:
        return torch.cat([_mixture_log_prob(part, arcs, weights, deviation) for part in x.split(1024)])

    return Toy("two_moons", sample, log_prob)


def _moons(angle: Tensor) -> Tensor:
    """The two half circles by one angle in [0, 2 pi): the upper moon below pi, the lower one above."""
    lower = (angle > math.pi).to(angle)
    return torch.stack([angle.cos() + lower - 0.5, angle.sin() + lower / 2 - 0.25], dim=-1)


def _mixture_log_prob(x: Tensor, centres: Tensor, weights: Tensor, deviation: float) -> Tensor:
    """log sum_k w_k N(x; centre_k, deviation² I) [N] of x [N, 2]."""
    exponents = -(x[:, None] - centres.to(x)).square().sum(-1) / (2 * deviation**2)
    return torch.logsumexp(exponents + weights.to(x).log(), dim=1) - math.log(2 * math.pi * deviation**2)


def checkerboard() -> Toy:
    def sample(count: int, rng: torch.Generator) -> Tensor:
        column, pair = (torch.randint(n, (count,), generator=rng) for n in (4, 2))
        corner = torch.stack([column, 2 * pair + column % 2], dim=1)
        return 2 * (corner + torch.rand(count, 2, generator=rng)) - 4

    def log_prob(x: Tensor) -> Tensor:
        """1 / (8 squares of area 4) on the dark squares, 0 off them."""
        square = (x / 2 + 2).floor()
        dark = (square.sum(1) % 2 == 0) & (square >= 0).all(1) & (square < 4).all(1)
        return torch.where(dark, -math.log(32), -math.inf).to(x)

    return Toy("checkerboard", sample, log_prob)


TOYS: dict[str, Callable[[], Toy]] = {made.__name__: made for made in (eight_gaussians, grid, two_moons, checkerboard)}
