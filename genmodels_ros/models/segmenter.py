"""A small network that says what each pixel of a camera frame shows: a U-Net (Ronneberger et al. 2015).

Skips are added. Light enough to be trained many times on a CPU, as comparing training data needs. Its logits have half
the image's resolution: labels of simulated frames are no finer, and the last upsampling needs no gradient.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 2  # of the logits


class Segmenter(nn.Module):
    """Per-pixel logits over `num_classes`. 200,000 parameters with the default widths."""

    def __init__(self, num_classes: int, *, widths: tuple[int, ...] = (12, 24, 48, 96)):
        super().__init__()
        self.num_classes = num_classes
        self.stem = _block(3, widths[0], stride=2)
        self.downs = nn.ModuleList(nn.Sequential(_block(a, b, stride=2), _block(b, b)) for a, b in pairwise(widths))
        self.ups = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.mixes = nn.ModuleList(_block(a, a) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], num_classes, 1)
        self.to(memory_format=torch.channels_last)

    @classmethod
    def from_config(cls, config: dict) -> "Segmenter":
        return cls(**{**config, "widths": tuple(config["widths"])} if "widths" in config else config)

    def forward(self, image: Tensor) -> Tensor:
        """image [B, 3, H, W] in [0, 1] → logits [B, num_classes, ceil(H / 2), ceil(W / 2)]."""
        h = self.stem((image * 2 - 1).contiguous(memory_format=torch.channels_last))
        skips = [h]
        for down in self.downs:
            h = down(h)
            skips.append(h)
        for up, mix, skip in reversed(list(zip(self.ups, self.mixes, skips[:-1], strict=True))):
            h = mix(F.interpolate(up(h), size=skip.shape[-2:], mode="nearest") + skip)
        return self.head(h)

    def probabilities(self, image: Tensor) -> Tensor:
        """Softmax of the logits at the image's own resolution, [B, num_classes, H, W]."""
        logits = F.interpolate(self(image).float(), size=image.shape[-2:], mode="bilinear", align_corners=False)
        return logits.softmax(dim=1)


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
