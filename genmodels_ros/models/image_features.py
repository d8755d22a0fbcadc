"""What an image looks like as a vector, without a trained network: the feature space of KID, coverage and the like.

The features come from convolutions with random weights drawn from one seed, never trained: means over a coarse grid of
each layer (light, colour, haze and where they are) and the deviations of each (contrast, noise, texture). They are no
judge of meaning, and no figure compares with one published on Inception's features.
"""

from functools import cache
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

SEED = 20_240  # of the extractor's weights: part of every measure's definition
WIDTHS = (3, 24, 48, 96)
SIZE = (96, 128)
CELLS = (3, 4)
BATCH = 64


@torch.no_grad()
def image_features(images: Tensor) -> Tensor:
    """[N, 3, H, W] in [0, 1], or uint8 → [N, F], on the same device. Another size is brought to SIZE by areas."""
    weights = [weight.to(images.device) for weight in _weights()]
    return torch.cat([_features(part, weights) for part in images.split(BATCH)])


@cache
def _weights() -> list[Tensor]:
    rng = torch.Generator().manual_seed(SEED)
    return [torch.randn(b, a, 4, 4, generator=rng) / (16 * a) ** 0.5 for a, b in pairwise(WIDTHS)]


def _features(images: Tensor, weights: list[Tensor]) -> Tensor:
    h = (images.float() / 255 if images.dtype == torch.uint8 else images) * 2 - 1
    if h.shape[-2:] != SIZE:
        h = F.adaptive_avg_pool2d(h, SIZE)
    parts = [F.adaptive_avg_pool2d(h, CELLS).flatten(1)]
    for weight in weights:
        h = F.leaky_relu(F.conv2d(h, weight, stride=2, padding=1), 0.2)
        parts += [F.adaptive_avg_pool2d(h, CELLS).flatten(1), h.std(dim=(2, 3))]
    return torch.cat(parts, dim=1)
