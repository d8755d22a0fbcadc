"""Holes filled smoothly from their surroundings, without learning: a pull-push pyramid, relaxed at its levels.

Pull: image and weight are averaged by twos until one pixel is left, each pixel counting by its weight. Push: from
coarse to fine, what has little weight takes the value of the level above (Gortler, Grzeszczuk, Szeliski and Cohen 1996,
"The Lumigraph", section 3.4.3), and then, a few times over, the mean of its neighbours: a cascadic multigrid for
Laplace's equation (Bornemann and Deuflhard 1996), without which the filling would not meet the hole's border. Linear in
the image, a constant stays one, and nothing leaves the range of what is known.
"""

import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6
RELAXATIONS = 6  # a level
FINEST = 200 * 200  # pixels of the largest level that is relaxed: finer ones would cost much and change little


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
    filled = known * image + (1 - known) * filled
    for _ in range(RELAXATIONS if filled[0, 0].numel() <= FINEST else 0):
        means = F.avg_pool2d(filled, 3, stride=1, padding=1, count_include_pad=False)
        filled = known * image + (1 - known) * means
    return filled
