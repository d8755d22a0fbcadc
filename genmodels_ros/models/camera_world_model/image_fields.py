"""A predicted image as coarse fields over an image that was seen, so that it is as sharp as that one at any size."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.camera_world_model.motion_field import enlarge, enlarge_positions, sample


@dataclass(frozen=True)
class ImageFields:
    """image(x) = keep(x) anchor(positions(x)) + (1 - keep(x)) paint(x) + residual(x), with a Laplace scale a pixel."""

    positions: Tensor  # [B, 2, h, w]
    keep: Tensor  # [B, 1, h, w] in (0, 1)
    paint: Tensor  # [B, 3, h, w]
    residual: Tensor  # [B, 3, h, w]
    scale: Tensor  # [B, 1, h, w] > 0

    def render(self, anchor: Tensor, mode: str = "bilinear") -> Tensor:
        """The image [B, 3, H, W] in [0, 1], of the anchor's size [B, 3, H, W]."""
        size = anchor.shape[-2:]
        moved = sample(anchor, enlarge_positions(self.positions, *size), mode=mode)
        keep, paint, residual = enlarge(torch.cat([self.keep, self.paint, self.residual], 1), *size).split((1, 3, 3), 1)
        return (keep * moved + (1 - keep) * paint + residual).clamp(0, 1)

    def log_prob(self, predicted: Tensor, image: Tensor) -> Tensor:
        """Laplace log density [B, 3, H, W] of `image` where `predicted` was rendered."""
        scale = enlarge(self.scale, *image.shape[-2:])
        return -(image - predicted).abs() / scale - (2 * scale).log()

    def std(self, height: int, width: int) -> Tensor:
        """Standard deviation a pixel [B, height, width]."""
        return 2**0.5 * enlarge(self.scale, height, width)[:, 0]
