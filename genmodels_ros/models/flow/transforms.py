"""What a layer does to one variable, given the numbers that a network has made of the others."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.flow.splines import parameters_of_spline, spline

LARGEST_LOG_SCALE = 3.0  # of one affine layer


@dataclass(frozen=True)
class Affine:
    """z = exp(s) x + t (Dinh et al. 2017, RealNVP); s is bounded, so that no input overflows."""

    parameters: int = 2

    def __call__(self, x: Tensor, parameters: Tensor, inverse: bool = False) -> tuple[Tensor, Tensor]:
        """z [*] and log |dz/dx| [*] of x [*] by parameters [*, 2]."""
        s, t = parameters.unbind(-1)
        s = LARGEST_LOG_SCALE * torch.tanh(s / LARGEST_LOG_SCALE)
        return ((x - t) * (-s).exp(), -s) if inverse else (x * s.exp() + t, s)


@dataclass(frozen=True)
class Spline:
    """z = a monotone spline of x between -bound and bound, x itself outside."""

    bins: int
    bound: float

    @property
    def parameters(self) -> int:
        return parameters_of_spline(self.bins)

    def __call__(self, x: Tensor, parameters: Tensor, inverse: bool = False) -> tuple[Tensor, Tensor]:
        """z [*] and log |dz/dx| [*] of x [*] by parameters [*, 3 bins - 1]."""
        return spline(x, parameters, self.bound, inverse)
