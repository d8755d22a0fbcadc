"""Image motion between two frames, measured and not learned, so that it holds for places and cameras never seen.

Lucas and Kanade's least squares (1981) in windows around the cells of a coarse grid, first in a small image, then in
a larger one from there on.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from genmodels_ros.models.camera_world_model.motion_field import enlarge, pixel_grid, sample

LEVELS = ((2, 8), (4, 6))  # pixels a grid cell and iterations, coarse to fine
FLAT = 1e-3  # squared change of brightness a pixel below which a window shows no motion


@torch.no_grad()
def measure_motion(now: Tensor, before: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Flow [B, 2, h, w] such that now(x) = before(x + flow(x)), and what is left unexplained [B, 1, h, w], in [0, 1].

    Images [B, 3, H, W] in [0, 1]; flow in normalised coordinates on `grid` (h, w).
    """
    now, before = now.mean(1, keepdim=True), before.mean(1, keepdim=True)
    flow = now.new_zeros(len(now), 2, *grid)
    for pixels, iterations in LEVELS:
        size = (pixels * grid[0], pixels * grid[1])
        small_now, small_before = (interpolate(image, size, mode="area") for image in (now, before))
        flow, error = _refine(small_now, small_before, flow, pixels, iterations)
    return flow, error


def _refine(now: Tensor, before: Tensor, flow: Tensor, pixels: int, iterations: int) -> tuple[Tensor, Tensor]:
    height, width = now.shape[-2:]
    positions = pixel_grid(height, width, now)
    slope = _slope(now)  # a pixel
    products = torch.cat([slope.square(), slope[:, :1] * slope[:, 1:]], dim=1)
    xx, yy, xy = _windows(products, pixels).split(1, dim=1)
    xx, yy = xx + FLAT, yy + FLAT
    unit = now.new_tensor([2 / width, 2 / height])[:, None, None]
    for _ in range(iterations):
        target = positions + enlarge(flow, height, width)
        error = now - sample(before, target, padding="border")
        error = error * (target.abs().amax(1, keepdim=True) <= 1)
        bx, by = _windows(slope * error, pixels).split(1, dim=1)
        determinant = xx * yy - xy.square()
        step = torch.cat([yy * bx - xy * by, xx * by - xy * bx], dim=1) / determinant
        flow = _smooth(flow + unit * step.clamp(-1.5, 1.5))
    return flow, _windows(error.abs(), pixels)


def _slope(image: Tensor) -> Tensor:
    """Central differences [B, 2, H, W] to the right and down."""
    wide = pad(image, (1, 1, 1, 1), mode="replicate")
    right = wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]
    down = wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]
    return 0.5 * torch.cat([right, down], dim=1)


def _windows(values: Tensor, pixels: int) -> Tensor:
    """Means over overlapping windows of 3 x 3 cells of `pixels` each."""
    return avg_pool2d(avg_pool2d(values, pixels), 3, stride=1, padding=1, count_include_pad=False)


def _smooth(flow: Tensor) -> Tensor:
    return 0.2 * flow + 0.8 * avg_pool2d(flow, 3, stride=1, padding=1, count_include_pad=False)
