"""Labels as channels of a network's input, in cells of a few pixels."""

import torch
import torch.nn.functional as F
from torch import Tensor


def padded_to_cells(images: Tensor, side: int) -> Tensor:
    """[B, C, H, W], the last row and column repeated until H and W are multiples of `side`."""
    height, width = images.shape[-2:]
    missing = (0, -width % side, 0, -height % side)
    return F.pad(images, missing, mode="replicate") if any(missing) else images


def label_cells(labels: Tensor, values: tuple[int, ...], side: int) -> Tensor:
    """labels [B, H, W], whole numbers → [B, len(values) + 1, ceil(H / side), ceil(W / side)], all in [0, 1].

    The share of a cell that each value covers, and the share that lies on a border between any two labels: of
    instances, whose numbers mean nothing by themselves, the borders are what can be learned from.
    """
    cells = padded_to_cells(labels[:, None].float(), side)[:, 0]
    border = torch.zeros_like(cells)
    border[:, :, 1:] = (cells[:, :, 1:] != cells[:, :, :-1]).float()
    border[:, 1:] = torch.maximum(border[:, 1:], (cells[:, 1:] != cells[:, :-1]).float())
    shares = [F.avg_pool2d((cells == value).float()[:, None], side) for value in values]
    return torch.cat([*shares, F.avg_pool2d(border[:, None], side)], dim=1)
