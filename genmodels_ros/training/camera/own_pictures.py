"""A user's pictures as training data: a folder, recording or shards → pictures of one size, each of them once.

What cannot be read and what is there twice is left out, counted and said; too few is refused, as a discriminator would
know a handful by heart and the generator learn nothing.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.data.image_shards import load_shards
from genmodels_ros.errors import ErrorCode, GenModelsError

log = logging.getLogger(__name__)

MIN_TARGETS, MIN_SOURCES = 200, 50
MAX_PICTURES = 6000  # of a domain: 350 MB at 120x160
THUMBNAIL = (12, 16)
SAME = 1  # grey levels that two thumbnails may differ by and still show one picture, stored twice


@dataclass(frozen=True)
class Pictures:
    """rgb uint8 [N, 3, H, W], labels [N, H, W] or None, and what became of the rest: `problems` are (name, reason)."""

    rgb: Tensor
    labels: Tensor | None
    duplicates: int
    problems: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{len(self.rgb)} pictures ({self.duplicates} duplicates left out, {len(self.problems)} unreadable)"


def read_pictures(
    path: Path, *, minimum: int, width: int, height: int | None = None, labels: Path | None = None
) -> Pictures:
    """All pictures of a folder, a recording or shards, cut to one shape and reduced to `width` pixels.

    height: None follows the shape of the first picture, in steps of 8 pixels. labels: a folder of masks of the same
    names. Raises GenModelsError: INVALID_IMAGE for fewer than `minimum`, LABEL_MISMATCH, what a reader raises.
    """
    kept, masks, problems, duplicates = [], [], [], 0
    thumbnails = np.empty((MAX_PICTURES, 3 * THUMBNAIL[0] * THUMBNAIL[1]), np.int16)
    means = np.empty(MAX_PICTURES)  # pictures of another brightness need no second look
    for name, image, mask, problem in _items(Path(path), labels):
        if image is None:
            problems.append((name, problem))
            continue
        if height is None:
            height = _height_for(image, width)
        small = reduced(image, height, width)
        thumbnail = reduced(image, *THUMBNAIL).flatten().numpy().astype(np.int16)
        alike = np.flatnonzero(np.abs(means[: len(kept)] - thumbnail.mean()) <= SAME)
        if (np.abs(thumbnails[alike] - thumbnail).max(axis=1) <= SAME).any():
            duplicates += 1
            continue
        thumbnails[len(kept)], means[len(kept)] = thumbnail, thumbnail.mean()
        kept.append(small)
        if mask is not None:
            masks.append(reduced_labels(mask, height, width))
        if len(kept) == MAX_PICTURES:
            log.info("%s: the first %d pictures are enough", path, MAX_PICTURES)
            break
    for name, problem in problems:
        log.warning("left out %s: %s", name, problem)
    if len(kept) < minimum:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE,
            f"{Path(path).name} holds {len(kept)} different readable pictures ({duplicates} duplicates, "
            f"{len(problems)} unreadable), and at least {minimum} are needed: record more of them.",
        )
    found = Pictures(
        torch.stack(kept), torch.stack(masks) if len(masks) == len(kept) else None, duplicates, tuple(problems)
    )
    log.info("%s: %s", Path(path).name, found)
    return found


def reduced(image: np.ndarray, height: int, width: int) -> Tensor:
    """uint8 [H, W, 3] → uint8 [3, height, width]: the middle of the picture in that shape, averaged by areas."""
    image = image[_middle(image.shape[:2], height, width)]
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
    return F.adaptive_avg_pool2d(pixels, (height, width))[0].round().to(torch.uint8)


def reduced_labels(labels: np.ndarray, height: int, width: int) -> Tensor:
    """Whole numbers [H, W] → int32 [height, width], the nearest ones: labels have no average."""
    labels = labels[_middle(labels.shape, height, width)]
    rows, columns = (
        (np.arange(n) * side + side // 2) // n for n, side in zip((height, width), labels.shape, strict=True)
    )
    return torch.from_numpy(labels[rows][:, columns].astype(np.int32))


def _middle(shape: tuple[int, int], height: int, width: int) -> tuple[slice, slice]:
    """The largest centred window of the shape height x width."""
    full_height, full_width = shape
    rows = min(full_height, max(1, round(full_width * height / width)))
    columns = min(full_width, max(1, round(full_height * width / height)))
    top, left = (full_height - rows) // 2, (full_width - columns) // 2
    return slice(top, top + rows), slice(left, left + columns)


def _height_for(image: np.ndarray, width: int) -> int:
    height = 8 * round(width * image.shape[0] / image.shape[1] / 8)
    return min(2 * width, max(width // 16 * 8, height))


def _items(path: Path, labels: Path | None) -> Iterator[tuple[str, np.ndarray | None, np.ndarray | None, str]]:
    """(name, image, labels, problem) of each picture."""
    if path.is_dir() and (shards := sorted(path.glob("*.npz"))):
        name = "source" if any(shard.name.startswith("source-") for shard in shards) else "*"
        arrays = load_shards(path, name)
        masks = arrays.get("labels", [None] * len(arrays["rgb"]))
        for number, (rgb, mask) in enumerate(zip(arrays["rgb"], masks, strict=True)):
            yield f"{number}", rgb, mask, ""
        return
    from genmodels_ros.data.images import open_images  # decoders, only where there is something to decode

    for item in open_images(path, labels).images():
        yield item.name, item.image, item.labels, item.problem
