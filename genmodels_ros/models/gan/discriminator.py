"""The discriminator: does each patch look like an image of this style?"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn


class Discriminator(nn.Module):
    """D(y, style): logits [B, h, w], one a patch (Isola et al. 2017), higher for real.

    Conditioned by projection (Miyato and Koyama 2018): linear(features) + <embedding(style), features>. No
    normalisation layer: the gradient penalties of training/gan_objectives.py keep it smooth. A patch is 46 pixels wide
    with 4 layers, 22 with 3: narrow ones judge texture, wide ones also what stands where.
    """

    def __init__(self, num_styles: int, *, width: int = 32, layers: int = 4):
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 4 * width)[: layers + 1]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.linear = nn.Conv2d(widths[-1], 1, 1)
        self.embedding = nn.Embedding(num_styles, widths[-1])
        nn.init.normal_(self.embedding.weight, std=0.05)

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """image [B, 3, H, W] in [0, 1], H and W at least 16; style [B] indices."""
        h = image * 2 - 1
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.2)
        projection = (h * self.embedding(style)[:, :, None, None]).sum(dim=1)
        return self.linear(h)[:, 0] + projection
