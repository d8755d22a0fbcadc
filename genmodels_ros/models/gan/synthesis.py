"""Pictures out of nothing but a code, with the labels that belong to them: an unconditional GAN of small residual nets.

The architecture follows R3GAN (Huang et al. 2024): mirrored residual networks without any normalisation, 1x1, grouped
3x3 and 1x1 convolutions a block, whose last layer starts at zero (Zhang et al. 2019, "Fixup"), bilinear resampling.
The finest level may paint and look at squares of pixels (patch) instead of single ones, which costs far less.
Beside red, green and blue the generator paints one channel a label value, so that a picture and its mask are drawn from
their joint distribution (Zhang et al. 2021, "DatasetGAN", went further for more): labelled data without a source frame.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUP = 16  # channels that a 3x3 convolution mixes


class ResidualBlock(nn.Module):
    """x + W3 f(W2 f(W1 x)), f = leaky rectifier; a new one is the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 1)
        self.middle = nn.Conv2d(channels, channels, 3, padding=1, groups=max(1, channels // GROUP))
        self.last = nn.Conv2d(channels, channels, 1, bias=False)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.first(x), 0.2)
        return x + self.last(F.leaky_relu(self.middle(h), 0.2))


class SynthesisGenerator(nn.Module):
    """G(z): z [B, latent] standard normal → [B, 3 + classes, H, W], colours in [0, 1] but for overshoot, then
    probabilities of the classes (none for fewer than two). channels: coarse to fine; patch: side of the square of
    pixels that the finest level paints at once (Shi et al. 2016, sub-pixel convolution)."""

    def __init__(self, size: tuple[int, int], classes: int, latent: int, channels: tuple[int, ...], patch: int):
        super().__init__()
        self.latent, self.classes, self.size, self.patch = latent, classes, size, patch
        self.start = tuple(side // patch >> (len(channels) - 1) for side in size)
        self.code = nn.Linear(latent, channels[0] * self.start[0] * self.start[1])
        self.blocks = nn.ModuleList(ResidualBlock(c) for c in channels)
        self.wider = nn.ModuleList(nn.Conv2d(a, b, 1, bias=False) for a, b in pairwise(channels))
        self.paint = nn.Conv2d(channels[-1], (3 + classes) * patch**2, 1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.blocks[0](self.code(z).unflatten(1, (-1, *self.start)))
        for narrow, block in zip(self.wider, self.blocks[1:], strict=True):
            h = block(F.interpolate(narrow(h), scale_factor=2, mode="bilinear", align_corners=False))
        h = F.pixel_shuffle(self.paint(h), self.patch)
        return torch.cat([0.5 + 0.5 * h[:, :3], h[:, 3:].softmax(dim=1)], dim=1)


class SynthesisDiscriminator(nn.Module):
    """D(x): [B, 3 + classes, H, W] → logits [B, 1], higher for real. channels, patch: as the generator's."""

    def __init__(self, size: tuple[int, int], classes: int, channels: tuple[int, ...], patch: int):
        super().__init__()
        channels = channels[::-1]
        start = tuple(side // patch >> (len(channels) - 1) for side in size)
        self.look = nn.Conv2d(3 + classes, channels[0], patch, stride=patch)
        self.blocks = nn.ModuleList(ResidualBlock(c) for c in channels)
        self.wider = nn.ModuleList(nn.Conv2d(a, b, 1, bias=False) for a, b in pairwise(channels))
        self.judge = nn.Linear(channels[-1] * start[0] * start[1], 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.blocks[0](self.look(2 * x - 1))
        for wide, block in zip(self.wider, self.blocks[1:], strict=True):
            h = block(wide(F.avg_pool2d(h, 2)))
        return self.judge(F.leaky_relu(h, 0.2).flatten(1))


class ImageSynthesisGAN(nn.Module):
    """Generator and, while training, discriminator. labels: the value each class stands for in a mask; () for none."""

    def __init__(
        self,
        height: int,
        width: int,
        labels: tuple[int, ...] = (),
        *,
        latent: int = 64,
        channels: tuple[int, ...] = (192, 128, 64, 32),
        patch: int = 1,
        discriminator: bool = False,
    ):
        super().__init__()
        step = patch * 2 ** (len(channels) - 1)
        if min(height, width) < step or height % step or width % step:
            raise ValueError(f"height and width must be multiples of {step}, got {height} and {width}")
        self.labels, size, channels = tuple(labels), (height, width), tuple(channels)
        self.generator = SynthesisGenerator(size, len(self.labels), latent, channels, patch)
        if discriminator:
            self.discriminator = SynthesisDiscriminator(size, len(self.labels), channels, patch)

    @classmethod
    def from_config(cls, config: dict) -> "ImageSynthesisGAN":
        """From a card's config; one without `discriminator` holds the generator alone, as shipped."""
        return cls(**config)
