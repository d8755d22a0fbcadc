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
    clamped = x.clamp(-bound, bound)
    knots_x, knots_y, slopes = _knots(parameters, bound)
    y, log_slope = _within(clamped, knots_x, knots_y, slopes, inverse)
    return torch.where(inside, y, x), torch.where(inside, log_slope, 0.0)


def _knots(parameters: Tensor, bound: float) -> tuple[Tensor, Tensor, Tensor]:
    """x and y of the knots and the slopes there, [*, K + 1] each."""
    bins = (parameters.shape[-1] + 1) // 3
    sizes = parameters[..., : 2 * bins].unflatten(-1, (2, bins)).softmax(-1)  # widths, heights
    sizes = SMALLEST_BIN + (1 - SMALLEST_BIN * bins) * sizes
    ends = functional.pad(sizes.cumsum(-1)[..., :-1], (1, 1))
    ends[..., -1] = 1.0  # exactly, whatever the sum
    knots = (2 * ends - 1) * bound
    slopes = SMALLEST_SLOPE + functional.softplus(parameters[..., 2 * bins :] + SLOPE_SHIFT)
    return knots[..., 0, :], knots[..., 1, :], functional.pad(slopes, (1, 1), value=1.0)


def _within(x: Tensor, knots_x: Tensor, knots_y: Tensor, slopes: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    inner = (knots_y if inverse else knots_x)[..., 1:-1]
    index = (x[..., None] >= inner).sum(-1, keepdim=True)
    both = torch.cat([index, index + 1], dim=-1)
    (x_0, x_1), (y_0, y_1), (d_0, d_1) = (k.gather(-1, both).unbind(-1) for k in (knots_x, knots_y, slopes))
    w, h = x_1 - x_0, y_1 - y_0
    s = h / w
    bend = d_0 + d_1 - 2 * s
    if inverse:  # their eqs. 6 to 8: the root of a ξ² + b ξ + c in [0, 1]
        rise = x - y_0
        a, b, c = h * (s - d_0) + rise * bend, h * d_0 - rise * bend, -s * rise
        xi = 2 * c / (-b - (b.square() - 4 * a * c).clamp(min=0).sqrt())
        y = x_0 + xi * w
    else:  # eq. 4
        xi = (x - x_0) / w
        y = y_0 + h * (s * xi.square() + d_0 * xi * (1 - xi)) / (s + bend * xi * (1 - xi))
    slope = s.square() * (d_1 * xi.square() + 2 * s * xi * (1 - xi) + d_0 * (1 - xi).square())  # eq. 5
    log_slope = slope.log() - 2 * (s + bend * xi * (1 - xi)).log()
    return y, -log_slope if inverse else log_slope
