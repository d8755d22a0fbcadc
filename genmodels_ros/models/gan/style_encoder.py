"""The style encoder: a picture goes in; which style it is of, and the code of its light for each style, come out.

It turns the generator round: q(s, z | x'), the auxiliary distribution of InfoGAN (Chen et al. 2016) and the encoder of
BicycleGAN (Zhu et al. 2017), as a mean for each style, so that a picture can lend its light to a style it is not of.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE = (96, 128)  # pixels that it sees: light and colour need no more
CELLS = (3, 4)  # where the light falls is part of the style


class StyleEncoder(nn.Module):
    """E(y) = (logits [B, S], codes [B, S, latent]): how likely each style, and the mean of its code."""

    def __init__(self, num_styles: int, *, latent: int = 8, width: int = 16):
        super().__init__()
        self.latent = latent
        widths = (3, width, 2 * width, 4 * width, 4 * width)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.hidden = nn.Linear(widths[-1] * CELLS[0] * CELLS[1] + 1, 6 * width)
        self.to_style = nn.Linear(6 * width, num_styles)
        self.to_code = nn.Linear(6 * width, num_styles * latent)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image [B, 3, H, W] in [0, 1], any size."""
        noise = torch.log(noise_level(image) + 1e-3)
        h = F.adaptive_avg_pool2d(image, SIZE) * 2 - 1
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.2)
        h = F.silu(self.hidden(torch.cat([F.adaptive_avg_pool2d(h, CELLS).flatten(1), noise], dim=1)))
        return self.to_style(h), self.to_code(h).unflatten(1, (-1, self.latent))


def noise_level(image: Tensor) -> Tensor:
    """Standard deviation [B, 1] of a picture's noise at its own resolution, [B, 3, H, W] → [0, 1].

    The second difference in both directions cancels edges and shading and leaves noise (Immerkaer 1996); its median
    instead of its mean leaves out what texture there is. Reducing a picture first would average the noise away.
    """
    luma = F.pad(image.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    horizontal = luma[..., :-2] - 2 * luma[..., 1:-1] + luma[..., 2:]
    residual = horizontal[..., :-2, :] - 2 * horizontal[..., 1:-1, :] + horizontal[..., 2:, :]
    return residual.abs().flatten(1).median(dim=1, keepdim=True).values / (6 * 0.6745)
