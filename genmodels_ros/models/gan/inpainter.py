"""The completion network: an image with a hole and the mask of the hole go in, a filled hole comes out.

The hole is first filled smoothly (pull_push.py); the network says how the picture differs from that: edges that go on,
texture, and where noise is asked for, one of several ways to be. Gated convolutions let each layer learn which of its
inputs are real (Yu et al. 2019, "Free-form image inpainting with gated convolution"); dilated ones look across the hole
(Iizuka et al. 2017, "Globally and locally consistent image completion").
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels_ros.models.gan.pull_push import pull_push

REDUCTION = 4  # height and width must be multiples of it
DILATIONS = (1, 2, 4, 8, 1)


class GatedConvolution(nn.Module):
    """silu(features) * sigmoid(gate), both from one 3x3 convolution."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, 2 * outputs, 3, stride, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        features, gate = self.convolution(x).chunk(2, dim=1)
        return F.silu(features) * torch.sigmoid(gate)


class Inpainter(nn.Module):
    """G(image, hole, eps): half of the layers' width works at half the size, the dilated ones at a quarter."""

    def __init__(self, *, width: int = 64):
        super().__init__()
        half = width // 2
        self.enter = GatedConvolution(4 * 5, half)
        self.down = GatedConvolution(half, width, stride=2)
        self.dilated = nn.ModuleList(GatedConvolution(width, width, dilation=d) for d in DILATIONS)
        self.up = GatedConvolution(width + half, half)
        self.leave = nn.Conv2d(half, 4 * 8, 3, padding=1)
        self.refine = GatedConvolution(8 + 5, 12)
        self.to_image = nn.Conv2d(12, 3, 3, padding=1)
        nn.init.normal_(self.to_image.weight, std=1e-3)
        nn.init.zeros_(self.to_image.bias)

    def residual(self, image: Tensor, hole: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(what to add inside the hole, the smooth filling) [B, 3, H, W] each.

        image [B, 3, H, W] in [0, 1], H and W multiples of REDUCTION; hole [B, 1, H, W], 1 inside; eps like hole,
        standard normal, decides between the ways to complete. What stands inside the hole has no influence.
        """
        filled = pull_push(image, 1 - hole)
        seen = torch.cat([filled * 2 - 1, hole * 2 - 1, hole * eps], dim=1)
        skip = self.enter(F.pixel_unshuffle(seen, 2))
        h = self.down(skip)
        for layer in self.dilated:
            h = h + layer(h)
        h = self.up(torch.cat([F.interpolate(h, scale_factor=2.0), skip], dim=1))
        h = F.pixel_shuffle(F.silu(self.leave(h)), 2)
        return self.to_image(self.refine(torch.cat([h, seen], dim=1))), filled

    def forward(self, image: Tensor, hole: Tensor, eps: Tensor) -> Tensor:
        """The completed image, not clamped; outside the hole it is `image`."""
        residual, filled = self.residual(image, hole, eps)
        return torch.where(hole > 0.5, filled + residual, image)


class HoleDiscriminator(nn.Module):
    """D(image, hole): logits [B, H/8, W/8], one a patch, higher for real and knowing the hole (Yu et al. 2019)."""

    def __init__(self, *, width: int = 32):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
            for inputs, outputs in ((4, width), (width, 2 * width), (2 * width, 4 * width))
        )
        self.linear = nn.Conv2d(4 * width, 1, 3, padding=1)

    def features(self, image: Tensor, hole: Tensor) -> list[Tensor]:
        """Activations of each layer, for feature matching; the last one is the logits [B, 1, H/8, W/8]."""
        h, found = torch.cat([image * 2 - 1, hole], dim=1), []
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.2)
            found.append(h)
        return [*found, self.linear(h)]

    def forward(self, image: Tensor, hole: Tensor) -> Tensor:
        return self.features(image, hole)[-1][:, 0]


class ImageCompletionGAN(nn.Module):
    """Generator and, while training, discriminator."""

    def __init__(self, *, width: int = 64, discriminator_width: int = 0):
        super().__init__()
        self.generator = Inpainter(width=width)
        if discriminator_width:
            self.discriminator = HoleDiscriminator(width=discriminator_width)

    @classmethod
    def from_config(cls, config: dict) -> "ImageCompletionGAN":
        """From a card's config; one without `discriminator_width` holds the generator alone, as shipped."""
        return cls(**config)
