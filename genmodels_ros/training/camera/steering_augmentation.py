"""Classical augmentation of a batch: light, colour, shadow, blur, noise, and moves that leave the steering true.

The strengths scale together from a single number, so that tuning is a search along a line: 0 changes nothing.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.training.camera.colour_changes import contrasted, noisy, recoloured


@dataclass(frozen=True)
class ClassicalAugmentation:
    """augment(images [B, 3, H, W] in [0, 1], rng) → the same shape, each picture with numbers of its own."""

    strength: float = 1.0

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        for change in (self._moved, self._shadowed, self._coloured, self._lit, self._blurred, self._noisy):
            images = change(images, rng).clamp(0, 1)
        return images

    def _moved(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Up or down by a tenth (another tilt) and zoomed about the middle (another lens): left stays left."""
        shift = self._uniform(images, rng, 0.2)
        zoom = torch.exp(self._uniform(images, rng, 0.15))
        turn = torch.zeros(len(images), 2, 3, device=images.device)
        turn[:, 0, 0] = turn[:, 1, 1] = zoom.flatten()
        turn[:, 1, 2] = shift.flatten()
        grid = F.affine_grid(turn, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def _shadowed(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """One side of a random straight edge is darker or brighter."""
        height, width = images.shape[-2:]
        y = torch.linspace(-1, 1, height, device=images.device).view(1, 1, -1, 1)
        x = torch.linspace(-1, 1, width, device=images.device).view(1, 1, 1, -1)
        angle = self._uniform(images, rng, math.pi) / max(self.strength, 1e-6)
        edge = torch.sigmoid(12 * (x * angle.cos() + y * angle.sin() + self._uniform(images, rng, 0.8)))
        return images * torch.exp(self._uniform(images, rng, 0.6) * edge)

    def _coloured(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Hue turned, saturation scaled, white balance shifted."""
        hue, saturation = (
            self._uniform(images, rng, 0.6).flatten(),
            torch.exp(self._uniform(images, rng, 0.6)).flatten(),
        )
        balance = torch.exp(0.15 * self.strength * self._normal(images, rng, 3))
        return recoloured(images, hue, saturation) * balance

    def _lit(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Contrast about the mean, brightness, gamma."""
        images = contrasted(images, torch.exp(self._uniform(images, rng, 0.5)))
        images = images + self._uniform(images, rng, 0.25)
        return images.clamp(1e-4, 1) ** torch.exp(self._uniform(images, rng, 0.5))

    def _blurred(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Towards a 3x3 mean, or away from it, which sharpens."""
        soft = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        return images + self._uniform(images, rng, 0.8) * (soft - images)

    def _noisy(self, images: Tensor, rng: torch.Generator) -> Tensor:
        level = self._uniform(images, rng, 0.05).abs()
        return noisy(images, level, torch.randn(images.shape, generator=rng).to(images.device))

    def _uniform(self, images: Tensor, rng: torch.Generator, reach: float) -> Tensor:
        """[B, 1, 1, 1] within ±reach x strength."""
        drawn = torch.rand(len(images), 1, 1, 1, generator=rng).to(images.device)
        return (2 * drawn - 1) * reach * self.strength

    def _normal(self, images: Tensor, rng: torch.Generator, channels: int) -> Tensor:
        return torch.randn(len(images), channels, 1, 1, generator=rng).to(images.device)
