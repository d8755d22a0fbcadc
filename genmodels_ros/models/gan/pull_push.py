"""Holes filled smoothly from their surroundings, without learning: the pull-push pyramid.

Pull: image and weight are averaged by twos until one pixel is left, each pixel counting by its weight. Push: from
coarse to fine, what has little weight takes the value of the level above. Linear in the image, and a constant
stays one. Gortler, Grzeszczuk, Szeliski and Cohen 1996, "The Lumigraph", section 3.4.3.
"""

import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6


def pull_push(image: Tensor, known: Tensor) -> Tensor:
    """image [B, 3, H, W] with its unknown pixels filled; known [B, 1, H, W] in [0, 1], 0 where nothing is known.

    What stands in a pixel whose weight is 0 has no influence; where all is unknown, the answer is 0.
    """
    if image.shape[-2:] == (1, 1):
        return image * known / known.clamp(min=EPS)
    summed = F.avg_pool2d(image * known, 2, ceil_mode=True, count_include_pad=False)
    weight = F.avg_pool2d(known, 2, ceil_mode=True, count_include_pad=False)
    coarse = pull_push(summed / weight.clamp(min=EPS), (4 * weight).clamp(max=1))
    filled = F.interpolate(coarse, size=image.shape[-2:], mode="bilinear", align_corners=False)
    return known * image + (1 - known) * filled
