"""Differentiable augmentation: with little data D learns the images by heart, unless it never sees one twice the same.

The same kind of change falls on real and generated images alike and G's gradient passes through it, so that G learns
the data and not the changes (Zhao et al. 2020, "DiffAugment"): colour, translation, cutout. Each falls on an image with
probability `strength`, below 1 so that G can tell what is undone (Karras et al. 2020, section 2.2), and the strength
may follow how far D has overfitted.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHIFT = 1 / 8  # of the sides, at most
HOLE = 1 / 2  # of the sides
MAX_STRENGTH = 0.8
TARGET_OVERFITTING = 0.6  # of r_t: see AdaptiveStrength


def augment(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """[B, 3 + K, H, W], colours in [0, 1] first; further channels (masks) move along and keep their values."""
    if strength <= 0:
        return images
    colours = _coloured(images[:, :3], strength, rng)
    images = torch.cat([colours, images[:, 3:]], dim=1) if images.shape[1] > 3 else colours
    return _with_hole(_shifted(images, strength, rng), strength, rng)


class AdaptiveStrength(nn.Module):
    """The strength that keeps D from overfitting: r_t = E sign(D(real)) is held near 0.6 (Karras et al. 2020, eq. 1).

    A relativistic D has no zero of its own, so signs are taken against the middle between real and generated logits
    (AdversarialGame reports them as `overfitting`). The strength goes from 0 to 1 in `images` shown images at most.
    A module, so that a state of training holds it.
    """

    def __init__(self, images: int = 50_000, strength: float = 0.0):
        super().__init__()
        self.images = images
        self.register_buffer("_strength", torch.tensor(strength, dtype=torch.float64))

    @property
    def strength(self) -> float:
        return float(self._strength)

    def update(self, overfitting: float, batch_size: int) -> float:
        """The new strength, after a batch whose r_t was `overfitting`."""
        step = batch_size / self.images
        self._strength += step if overfitting > TARGET_OVERFITTING else -step
        self._strength.clamp_(0.0, MAX_STRENGTH)
        return self.strength


def _uniform(images: Tensor, rng: torch.Generator, low: float, high: float) -> Tensor:
    """One number an image, [B, 1, 1, 1]."""
    return (low + (high - low) * torch.rand(len(images), 1, 1, 1, generator=rng)).to(images.device)


def _chosen(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """1 for the images it falls on, 0 for the others, [B, 1, 1, 1]."""
    return (_uniform(images, rng, 0, 1) < strength).to(images)


def _coloured(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """Brightness by ±0.5, then saturation times 0 to 2, then contrast times 0.5 to 1.5."""
    images = images + _chosen(images, strength, rng) * _uniform(images, rng, -0.5, 0.5)
    saturation = 1 + _chosen(images, strength, rng) * _uniform(images, rng, -1, 1)
    images = torch.lerp(images.mean(dim=1, keepdim=True), images, saturation)
    contrast = 1 + _chosen(images, strength, rng) * _uniform(images, rng, -0.5, 0.5)
    return torch.lerp(images.mean(dim=(1, 2, 3), keepdim=True), images, contrast)


def _shifted(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """By whole pixels; what comes in is 0."""
    _, _, height, width = images.shape
    chosen = _chosen(images, strength, rng)
    down, right = (
        (chosen * (_uniform(images, rng, -SHIFT, SHIFT) * side).round()).long().flatten() for side in (height, width)
    )
    border_y, border_x = int(SHIFT * height) + 1, int(SHIFT * width) + 1
    padded = F.pad(images, (border_x, border_x, border_y, border_y)).permute(0, 2, 3, 1)
    rows = torch.arange(height, device=images.device) + border_y - down[:, None]
    columns = torch.arange(width, device=images.device) + border_x - right[:, None]
    batch = torch.arange(len(images), device=images.device)
    return padded[batch[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _with_hole(images: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """A rectangle of half the sides anywhere, also partly outside, is 0."""
    _, _, height, width = images.shape
    y, x = (_uniform(images, rng, 0, side) for side in (height, width))
    rows = torch.arange(height, device=images.device).view(1, 1, -1, 1)
    columns = torch.arange(width, device=images.device).view(1, 1, 1, -1)
    inside = ((rows - y).abs() < HOLE * height / 2) & ((columns - x).abs() < HOLE * width / 2)
    return images * (1 - _chosen(images, strength, rng) * inside.to(images))
