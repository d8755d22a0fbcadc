"""The pictures that a translation is learned from: a source domain and, for each style, a target domain; unpaired."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from genmodels_ros.data.image_shards import load_data_card, load_shards


@dataclass(frozen=True)
class Batch:
    """source and target [B, 3, H, W] in [0, 1], style [B] indices, labels [B, H, W] of the sources, or None."""

    source: Tensor
    style: Tensor
    target: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True)
class ImageDomains:
    """uint8 [N, 3, H, W] on the training device: the source frames and each style's.

    labels: whole numbers [N, H, W] of the source frames, where there are any.
    """

    source: Tensor
    targets: tuple[Tensor, ...]
    styles: tuple[str, ...]
    labels: Tensor | None = None

    @classmethod
    def from_shards(cls, folder: Path, device: torch.device, styles: tuple[str, ...] | None = None) -> "ImageDomains":
        """All of `styles`, or of the data card's, in a folder as data/image_shards.py describes it.

        Raises GenModelsError(INVALID_IMAGE) for what is missing or damaged.
        """

        def one(name):
            return torch.from_numpy(load_shards(folder, name)["rgb"]).permute(0, 3, 1, 2).contiguous().to(device)

        styles = tuple(load_data_card(folder)["styles"] if styles is None else styles)
        return cls(one("source"), tuple(one(style) for style in styles), styles)

    def batch(self, size: int, rng: torch.Generator) -> Batch:
        """`size` sources and targets, each mirrored at random; styles come equally often, however many pictures of
        each there are."""
        style = torch.randint(len(self.styles), (size,), generator=rng)
        chosen = torch.randint(len(self.source), (size,), generator=rng)
        target = torch.stack(
            [self.targets[s][int(torch.randint(len(self.targets[s]), (), generator=rng))] for s in style]
        )
        first, second = (torch.rand(size, generator=rng) < 0.5 for _ in range(2))
        labels = None if self.labels is None else _mirrored(self.labels[chosen], first)
        source = _mirrored(self.source[chosen], first).float() / 255
        return Batch(source, style.to(source.device), _mirrored(target, second).float() / 255, labels)

    def split(self, held_out: int) -> tuple["ImageDomains", "ImageDomains"]:
        """(all but, only) the last `held_out` source pictures; the targets belong to both."""
        parts = slice(None, -held_out), slice(-held_out, None)
        return tuple(
            ImageDomains(
                self.source[part], self.targets, self.styles, None if self.labels is None else self.labels[part]
            )
            for part in parts
        )


def _mirrored(images: Tensor, which: Tensor) -> Tensor:
    """[B, ..., W], those of `which` [B] reversed along the last axis."""
    which = which.to(images.device).view(-1, *[1] * (images.dim() - 1))
    return torch.where(which, images.flip(-1), images)
