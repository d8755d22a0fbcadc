"""What is measured where a hole is, and nowhere else."""

import torch.nn.functional as F
from torch import Tensor


def touched(logits: Tensor, hole: Tensor) -> Tensor:
    """Those of the patches' logits [B, h, w] whose own cell of the image holds a part of the hole, [N]."""
    return logits[F.adaptive_max_pool2d(hole, logits.shape[-2:])[:, 0] > 0]


def inside(difference: Tensor, hole: Tensor) -> Tensor:
    """Mean size of `difference` [B, C, H, W] over the hole [B, 1, H, W]; outside it nothing counts."""
    return (difference.abs() * hole).sum() / (hole.sum() * difference.shape[1]).clamp(min=1)


def feature_matching(real: list[Tensor], fake: list[Tensor], hole: Tensor) -> Tensor:
    """Mean over layers of the features' difference, where a hole is seen."""
    seen = [F.adaptive_max_pool2d(hole, layer.shape[-2:]) for layer in real]
    return sum(inside(a - b, mask) for a, b, mask in zip(real, fake, seen, strict=True)) / len(real)
