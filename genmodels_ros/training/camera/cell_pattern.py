"""Does a repainted picture show the grid of the cells that its network works on?

In two ways, as blocking artefacts of a codec are measured (Wang, Sheikh and Bovik 2002): pixels of some places in a
cell differ more from their neighbours than those of others, or the mean of all cells is not plain. Without a grid all
places are alike, whatever the picture shows.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

SHOWS = 0.1  # more than that above the source's own, and a grid is to be seen


@torch.no_grad()
def cell_pattern(images: Tensor, side: int) -> float:
    """images [B, 3, H, W]; the larger of the two, in units of the mean difference of neighbours; 0: no grid."""
    luma = images.mean(dim=1)
    if min(luma.shape[-2:]) < 2 * side:
        return 0.0
    return max(0.5 * (_unevenness(luma, side) + _unevenness(luma.mT, side)), _mean_cell(luma, side))


def _unevenness(luma: Tensor, side: int) -> float:
    """How much the place of the greatest differences exceeds the mean place."""
    steps = luma.diff(dim=-1).abs().mean(dim=(0, 1))  # [W - 1]
    by_place = steps[: len(steps) // side * side].reshape(-1, side).mean(dim=0)
    return float(by_place.max() / by_place.mean().clamp(min=1e-6)) - 1 if by_place.max() > 1e-6 else 0.0


def _mean_cell(luma: Tensor, side: int) -> float:
    """Deviation of the mean of all cells, of what is left without the mean around each pixel."""
    detail = luma[:, : 1 - side, : 1 - side] - F.avg_pool2d(luma, side, stride=1)
    height, width = (length // side * side for length in detail.shape[-2:])
    cells = detail[:, :height, :width].unflatten(2, (-1, side)).unflatten(1, (-1, side))  # [B, h, side, w, side]
    steps = 0.5 * (luma.diff(dim=-1).abs().mean() + luma.diff(dim=-2).abs().mean())
    return float(cells.mean(dim=(0, 1, 3)).std() / steps.clamp(min=1e-6))
