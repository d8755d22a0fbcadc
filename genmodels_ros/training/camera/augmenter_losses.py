"""What the augmenter's generator is told beside the discriminator's opinion."""

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.training.camera.image_domains import ImageDomains


def structure_loss(source: Tensor, result: Tensor) -> Tensor:
    """1 - correlation of the luma gradients, each image's own scale divided out: weaker contrast costs nothing."""
    before, after = _luma_gradient(source), _luma_gradient(result)
    correlation = F.cosine_similarity(before.flatten(1), after.flatten(1), dim=1, eps=1e-4)
    return (1 - correlation).mean()


def grid_roughness(grid: Tensor) -> Tensor:
    """Mean squared difference of neighbouring vertices [B, 12, D, GH, GW], along the image and along brightness."""
    return sum(grid.diff(dim=dimension).square().mean() for dimension in (2, 3, 4))


def cast_roughness(grid: Tensor) -> Tensor:
    """How much the tint given to a grey pixel changes from place to place: light varies over a scene, its hue hardly.

    The tint is what the three output channels differ by, for white (the sum of a row of the 3x3) and for black (the
    offset). Restrains blotches of colour, and leaves haze, lamps and shadows alone.
    """
    rows = grid.unflatten(1, (3, 4))
    response = torch.stack([rows[:, :, :3].sum(dim=2), rows[:, :, 3]], dim=1)  # [B, 2, 3, D, GH, GW]
    tint = response - response.mean(dim=2, keepdim=True)
    return sum(tint.diff(dim=dimension).square().mean() for dimension in (-1, -2))


def _luma_gradient(images: Tensor) -> Tensor:
    luma = 0.299 * images[:, 0] + 0.587 * images[:, 1] + 0.114 * images[:, 2]
    return torch.stack([luma[:, 1:, 1:] - luma[:, :-1, 1:], luma[:, 1:, 1:] - luma[:, 1:, :-1]], dim=1)


def spread(images: Tensor, others: Tensor, reduction: int = 1) -> Tensor:
    """Mean difference [B] at the scale of light and colour: noise does not count as variety. `others` are reduced."""
    cells = 16
    return (F.avg_pool2d(images, cells) - F.avg_pool2d(others, cells // reduction)).abs().flatten(1).mean(1)


def target_spread(domains: ImageDomains, rng: torch.Generator, pairs: int = 64) -> float:
    """`spread` between random images of the same style: the yardstick for diversity."""
    spreads = []
    for target in domains.targets:
        first, second = torch.randint(len(target), (2, pairs), generator=rng).to(target.device)
        spreads.append(spread(target[first].float() / 255, target[second].float() / 255).mean())
    return float(torch.stack(spreads).mean())


def coarse(images: Tensor, side: int = 17) -> Tensor:
    """Mean of the `side` x `side` pixels around each: tint and brightness of the place. `side` is odd."""
    return F.avg_pool2d(F.pad(images, (side // 2,) * 4, mode="replicate"), side, stride=1)


def detail(images: Tensor) -> Tensor:
    """What `coarse` leaves out, around a middle grey."""
    return 0.5 + images - coarse(images)


def clamp_straight_through(images: Tensor) -> Tensor:
    """Clamped to [0, 1] as a camera clips, with the gradient of the unclamped image."""
    return images + (images.clamp(0, 1) - images).detach()
