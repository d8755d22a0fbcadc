"""Fields of image motion, on coarse grids in normalised coordinates: x right and y down, -1 and 1 at the borders.

A moving camera gives each pixel the motion A(x) omega + B(x) v / depth(x), with A and B quadratic in the pixel's place
(Longuet-Higgins & Prazdny 1980). Here a scene has the motion R(x) measured at its image and K weight maps, of which the
first is 1 everywhere (turning moves all depths alike), and a step's motion is that one times a gain, and K quadratic
fields:

    flow_t(x) = gain_t R(x) + sum_k weight_k(x) C_k,t phi(x),    phi = (1, x, y, xy, x^2, y^2)

Warps run backwards: positions Phi_t(x) say where in the anchor image pixel x of image t comes from.
"""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

TERMS = 6  # of a quadratic in two variables


def pixel_grid(height: int, width: int, like: Tensor) -> Tensor:
    """Centres of the pixels [1, 2, height, width]: x, then y."""
    y = (torch.arange(height, device=like.device, dtype=like.dtype) + 0.5) * 2 / height - 1
    x = (torch.arange(width, device=like.device, dtype=like.dtype) + 0.5) * 2 / width - 1
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)])[None]


def quadratic_terms(height: int, width: int, like: Tensor) -> Tensor:
    """phi at the pixels: [TERMS, height, width]."""
    x, y = pixel_grid(height, width, like)[0]
    return torch.stack([torch.ones_like(x), x, y, x * y, x * x, y * y])


def motion_field(weights: Tensor, coefficients: Tensor) -> Tensor:
    """Flow [B, 2, h, w] of weights [B, K, h, w] and coefficients [B, K, 2, TERMS]."""
    batch, count, height, width = weights.shape
    terms = quadratic_terms(height, width, weights).flatten(1)
    fields = (coefficients.flatten(0, 2) @ terms).unflatten(0, (batch, count, 2))
    return (weights.flatten(2)[:, :, None] * fields).sum(1).unflatten(-1, (height, width))


def quadratic_fit(flow: Tensor) -> Tensor:
    """Coefficients [B, 2, TERMS] of the quadratic field nearest to a flow [B, 2, h, w]."""
    terms = quadratic_terms(*flow.shape[-2:], flow).flatten(1)
    gram = terms @ terms.T
    return flow.flatten(2) @ terms.T @ torch.linalg.inv(gram)


def compose(positions: Tensor, flow: Tensor) -> Tensor:
    """Positions [B, 2, h, w] of the anchor seen one step later: Phi_t(x) = Phi_{t-1}(x + flow(x)).

    Beyond the border the displacement of the border goes on.
    """
    grid = pixel_grid(*flow.shape[-2:], flow)
    target = grid + flow
    return target + sample(positions - grid, target, padding="border")


def sample(maps: Tensor, positions: Tensor, padding: str = "reflection", mode: str = "bilinear") -> Tensor:
    """Maps [B, C, H, W] at positions [B, 2, h, w]: [B, C, h, w]. `padding` says what lies outside."""
    return grid_sample(maps, positions.permute(0, 2, 3, 1), mode, padding, align_corners=False)


def enlarge(maps: Tensor, height: int, width: int) -> Tensor:
    """Smooth maps [B, C, h, w] on a finer grid [B, C, height, width]."""
    return interpolate(maps, (height, width), mode="bilinear", align_corners=False)


def enlarge_positions(positions: Tensor, height: int, width: int) -> Tensor:
    """Positions on a finer grid; their displacement is what is smooth, up to the border."""
    displacement = positions - pixel_grid(*positions.shape[-2:], positions)
    return pixel_grid(height, width, positions) + enlarge(displacement, height, width)


def inside(positions: Tensor) -> Tensor:
    """1 where positions [B, 2, h, w] lie in the image, falling to 0 over a tenth of it outside: [B, 1, h, w]."""
    beyond = (positions.abs() - 1).clamp(min=0).amax(1, keepdim=True)
    return (1 - 10 * beyond).clamp(min=0)
