"""Kernel inception distance without Inception: how far two sets of images are apart in the features of a fixed network.

The features come from convolutions with random weights drawn from one seed, never trained: means over a coarse grid of
each layer (light, colour, haze and where they are) and the deviations of each (contrast, noise, texture). They are no
judge of meaning, and no figure compares with a published KID; a figure means something beside the others of its table,
above all beside the distance between two halves of real images.
"""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SEED = 20_240  # of the extractor's weights: part of the measure's definition
WIDTHS = (3, 24, 48, 96)
SIZE = (96, 128)


def features(images: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] → [N, F]. Images of another size are brought to SIZE, which blurs their noise."""
    rng = torch.Generator().manual_seed(SEED)
    weights = [torch.randn(b, a, 4, 4, generator=rng) / (16 * a) ** 0.5 for a, b in pairwise(WIDTHS)]
    with torch.no_grad():
        return torch.cat([_features(torch.from_numpy(images[i : i + 64]), weights) for i in range(0, len(images), 64)])


def _features(images: Tensor, weights: list[Tensor]) -> Tensor:
    h = images.permute(0, 3, 1, 2).float() / 255 * 2 - 1
    if h.shape[-2:] != SIZE:
        h = F.adaptive_avg_pool2d(h, SIZE)
    parts = [F.adaptive_avg_pool2d(h, (3, 4)).flatten(1)]
    for weight in weights:
        h = F.leaky_relu(F.conv2d(h, weight, stride=2, padding=1), 0.2)
        parts += [F.adaptive_avg_pool2d(h, (3, 4)).flatten(1), h.std(dim=(2, 3))]
    return torch.cat(parts, dim=1)


def kernel_distance(first: Tensor, second: Tensor, scale: Tensor | None = None) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / F + 1)³ (Binkowski et al. 2018), x1000.

    features [N, F] and [M, F], standardised over `scale` (over both when None): distances that are to be compared need
    the same. Around 0, and possibly below it, for two samples of one distribution.
    """
    reference = torch.cat([first, second]) if scale is None else scale
    deviation, centre = reference.std(dim=0).clamp(min=1e-6), reference.mean(dim=0)
    x, y = ((part - centre) / deviation for part in (first, second))
    n, m = len(x), len(y)
    within_x = (_kernel(x, x).sum() - _kernel(x, x).diagonal().sum()) / (n * (n - 1))
    within_y = (_kernel(y, y).sum() - _kernel(y, y).diagonal().sum()) / (m * (m - 1))
    return float(1000 * (within_x + within_y - 2 * _kernel(x, y).mean()))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x.double() @ y.double().T / x.shape[1] + 1) ** 3
