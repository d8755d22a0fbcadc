"""Monotone rational-quadratic splines: an invertible function of one variable with a free shape (Durkan et al. 2019,
"Neural Spline Flows", after Gregory and Delbourgo 1982).

K bins between -B and B, both ends on the diagonal, the identity outside. 3K - 1 numbers describe one: K widths, K
heights and K - 1 slopes at the inner knots; all of them 0 is the identity.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST_BIN = 1e-3  # of the whole
SMALLEST_SLOPE = 1e-3
SLOPE_SHIFT = math.log(math.expm1(1 - SMALLEST_SLOPE))  # where a slope of 0 means 1


def parameters_of_spline(bins: int) -> int:
    """How many numbers describe one."""
    return 3 * bins - 1


def spline(x: Tensor, parameters: Tensor, bound: float, inverse: bool = False) -> tuple[Tensor, Tensor]:
    """y [*] and log |dy/dx| [*] of x [*] by splines [*, 3K - 1]; with `inverse` the x of a y, and log |dx/dy|."""
    inside = x.abs() < bound
    y, log_slope = _within(x.clamp(-bound, bound), _knots(parameters, bound), inverse)
    return torch.where(inside, y, x), torch.where(inside, log_slope, 0.0)


def _knots(parameters: Tensor, bound: float) -> Tensor:
    """x and y of the knots and the slopes there, [*, 3, K + 1]."""
    bins = (parameters.shape[-1] + 1) // 3
    sizes = parameters[..., : 2 * bins].unflatten(-1, (2, bins)).softmax(-1)  # widths, heights
    ends = functional.pad(sizes.cumsum(-1), (1, 0))
    smallest = 2 * bound * SMALLEST_BIN
    even = torch.linspace(-bound, -bound + smallest * bins, bins + 1, dtype=ends.dtype, device=ends.device)
    slopes = SMALLEST_SLOPE + functional.softplus(parameters[..., 2 * bins :] + SLOPE_SHIFT)
    slopes = functional.pad(slopes, (1, 1), value=1.0)
    return torch.cat([even + (2 * bound - smallest * bins) * ends, slopes[..., None, :]], dim=-2)


def _within(x: Tensor, knots: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    inner = knots[..., 1 if inverse else 0, 1:-1]
    index = (x[..., None] >= inner).sum(-1)[..., None, None]
    both = torch.cat([index, index + 1], dim=-1).expand(*x.shape, 3, 2)
    x_0, x_1, y_0, y_1, d_0, d_1 = knots.gather(-1, both).flatten(-2).unbind(-1)
    w, h = x_1 - x_0, y_1 - y_0
    s = h / w
    bend = d_0 + d_1 - 2 * s
    if inverse:  # their eqs. 6 to 8: the root of a ξ² + b ξ + c in [0, 1]
        rise = x - y_0
        lift = rise * bend
        a, b, c = h * (s - d_0) + lift, h * d_0 - lift, -s * rise
        xi = 2 * c / (-b - (b.square() - 4 * a * c).clamp(min=0).sqrt())
        y = x_0 + xi * w
    else:
        xi = (x - x_0) / w
    rest = 1 - xi
    between, xi_2 = xi * rest, xi.square()
    bottom = s + bend * between
    if not inverse:  # eq. 4
        y = y_0 + h * (s * xi_2 + d_0 * between) / bottom
    top = d_1 * xi_2 + 2 * s * between + d_0 * rest.square()
    log_slope = top.log() + 2 * (s / bottom).log()  # eq. 5
    return y, -log_slope if inverse else log_slope
