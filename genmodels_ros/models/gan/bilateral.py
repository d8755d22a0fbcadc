"""The bilateral grid: colour transforms that vary over the image and over brightness, applied at full resolution.

A grid A[d, i, j] of affine transforms (3x4) hangs over the image; the pixel at (y, x) with guide value g takes the
transform interpolated at (g, y, x) and its colour becomes A(g, y, x) · (r, g, b, 1). Given the grid, each output pixel
depends on one input pixel only, so nothing in the picture can move, whatever the grid holds. Chen, Paris and Durand
2007; learned grids: Gharbi et al. 2017, "Deep bilateral learning for real-time image enhancement" (HDRNet).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

AFFINE = 12  # numbers of a 3x4 colour transform, row by row


def identity_transform() -> Tensor:
    """The transform that changes nothing, [12]."""
    return torch.eye(3, 4).reshape(AFFINE)


def image_rows(height: int, device: torch.device | str = "cpu") -> Tensor:
    """Vertical positions [H] of an image's rows, 0 at the first and 1 at the last."""
    return torch.linspace(0, 1, height, device=device)


def slice_grid(grid: Tensor, guide: Tensor, rows: Tensor | None = None) -> Tensor:
    """Trilinear look-up, [B, C, H, W].

    grid [B, C, D, GH, GW], vertices on the image's corners and on guide 0 and 1; guide [B, H, W], clamped to [0, 1];
    rows [H] positions in [0, 1] of the guide's rows (all of the image when None), so that a tall image can be done in
    bands. The look-up is separable, and the rows are regular: they are interpolated once for each row, which leaves a
    two-dimensional grid_sample, four times as fast on a CPU as the three-dimensional one.
    """
    batch, channels, _, grid_height, _ = grid.shape
    _, height, width = guide.shape
    rows = image_rows(height, grid.device) if rows is None else rows
    position = rows * (grid_height - 1)
    below = position.floor().long().clamp(0, max(0, grid_height - 2))
    above = (below + 1).clamp(max=grid_height - 1)
    by_row = grid.permute(0, 3, 1, 2, 4)  # [B, GH, C, D, GW]
    weight = (position - below)[:, None, None, None]
    planes = torch.lerp(by_row[:, below], by_row[:, above], weight).flatten(0, 1)  # [B*H, C, D, GW]
    across = torch.linspace(-1, 1, width, device=grid.device).expand(batch * height, width)
    points = torch.stack([across, guide.flatten(0, 1) * 2 - 1], dim=-1)[:, None]  # [B*H, 1, W, 2]
    sampled = F.grid_sample(planes, points, mode="bilinear", padding_mode="border", align_corners=True)
    return sampled.view(batch, height, channels, width).transpose(1, 2)


def apply_transforms(transforms: Tensor, image: Tensor) -> Tensor:
    """A · (r, g, b, 1) for every pixel: transforms [B, 12, H, W], image [B, 3, H, W] → [B, 3, H, W]."""
    red, green, blue = image[:, 0:1], image[:, 1:2], image[:, 2:3]
    t = transforms.unflatten(1, (3, 4))
    return t[:, :, 0] * red + t[:, :, 1] * green + t[:, :, 2] * blue + t[:, :, 3]
