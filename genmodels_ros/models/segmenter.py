"""A small network that says what each pixel of a camera frame shows: a U-Net (Ronneberger et al. 2015).

Skips are added. Light enough to be trained many times on a CPU, as comparing training data needs. Its logits have half
the image's resolution: labels of simulated frames are no finer, and the last upsampling needs no gradient.
"""

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 2  # of the logits


class Segmenter(nn.Module):
    """Per-pixel logits over `num_classes`. 200,000 parameters with the default widths.

    gated: every block's channels are scaled by what the whole picture shows, so that one network can see in the dark by
    other features than in daylight.
    """

    def __init__(self, num_classes: int, *, widths: tuple[int, ...] = (12, 24, 48, 96), gated: bool = False):
        super().__init__()
        self.num_classes = num_classes
        block = partial(_block, gated=gated)
        self.stem = block(3, widths[0], stride=2)
        self.downs = nn.ModuleList(nn.Sequential(block(a, b, stride=2), block(b, b)) for a, b in pairwise(widths))
        self.ups = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.mixes = nn.ModuleList(block(a, a) for a in widths[:-1])
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


class ChannelGate(nn.Module):
    """Scales each channel by 0 to 2 from the channels' means and maxima over the picture; by 1 at the start.

    Squeeze and excitation (Hu et al. 2018), with the maximum beside the mean (Woo et al. 2018).
    """

    def __init__(self, channels: int):
        super().__init__()
        hidden = max(8, channels // 4)
        self.squeeze, self.excite = nn.Linear(2 * channels, hidden), nn.Linear(hidden, channels)
        nn.init.zeros_(self.excite.weight)
        nn.init.zeros_(self.excite.bias)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        return x * (2 * torch.sigmoid(self.excite(F.relu(self.squeeze(seen)))))[:, :, None, None]


def _block(inputs: int, outputs: int, stride: int = 1, gated: bool = False) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    block = nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
    return block.append(ChannelGate(outputs)) if gated else block
