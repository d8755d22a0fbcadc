"""A whole folder or recording of images → labelled variants with a sidecar each: what `genmodels augment` runs."""

import zlib
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from genmodels_ros.data.images import SourceImage, open_images, save_variant
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.augmentation import RANDOM, ImageAugmenter

ATTEMPTS = 3  # codes tried for a variant that the gate rejects


@dataclass(frozen=True)
class Summary:
    """What became of the images: `problems` are (name, reason) of those that could not be read."""

    images: int
    written: int
    rejected: int
    problems: tuple[tuple[str, str], ...]
    out: Path

    def __str__(self) -> str:
        lines = [f"{self.written} variants of {self.images} images written to {self.out}, {self.rejected} rejected"]
        lines += [f"skipped {name}: {reason}" for name, reason in self.problems]
        return "\n".join(lines)


def augment_folder(
    source: Path,
    out: Path,
    *,
    count: int = 4,
    style: str = RANDOM,
    labels: Path | None = None,
    strength: float = 1.0,
    checkpoint: Path | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Summary:
    """Writes `count` variants of every image into `out`, laid out as data/images.py says.

    A variant that the quality gate rejects is drawn again; after ATTEMPTS its sidecar says why and there is no image.
    Each image's seed follows from `seed` and its name, so that adding files to a folder changes no other's variants.
    Raises GenModelsError: UNKNOWN_STYLE, INVALID_COUNT, INVALID_SCALING, MODEL_UNAVAILABLE; INVALID_IMAGE if not one
    image can be read.
    """
    source, out = Path(source), Path(out)
    if out.resolve() == source.resolve():
        raise GenModelsError(ErrorCode.INVALID_IMAGE, "IN and OUT are the same folder: choose another OUT.")
    augmenter = ImageAugmenter.from_checkpoint(checkpoint, device=device)
    augmenter.check(style=style, strength=strength, count=count)
    images = open_images(source, labels)
    out.mkdir(parents=True, exist_ok=True)
    read, written, problems = 0, 0, []
    for item in tqdm(images.images(), total=images.count, unit="image", disable=None):
        if item.image is None:
            problems.append((item.name, item.problem))
            continue
        read += 1
        written += _augment_one(augmenter, item, out, count=count, style=style, strength=strength, seed=seed)
    if not read:
        raise GenModelsError(ErrorCode.INVALID_IMAGE, f"No image in {source} can be read: {problems[0][1]}")
    return Summary(read, written, read * count - written, tuple(problems), out)


def _augment_one(augmenter: ImageAugmenter, item: SourceImage, out: Path, *, count, style, strength, seed) -> int:
    """Writes the variants of one image; returns how many were accepted."""
    own_seed = zlib.crc32(item.name.encode(), seed % 2**32)
    candidates = augmenter.variant_seeds(own_seed, count * ATTEMPTS)
    accepted = 0
    for number in range(count):
        for attempt in range(ATTEMPTS):
            one = candidates[number * ATTEMPTS + attempt]
            variant = augmenter.augment(item.image, style=style, strength=strength, seed=one)
            if variant.accepted:
                break
        accepted += variant.accepted
        sidecar = {
            "source": item.origin,
            "source_stamp": item.stamp,
            **augmenter.provenance(variant),
            "quality": {"edge_agreement": round(variant.quality, 4)},
            "accepted": variant.accepted,
            "rejection_reason": variant.rejection_reason,
            "attempts": attempt + 1,
        }
        image = variant.image if variant.accepted else None
        save_variant(out, f"{item.name}_{number:02d}_{variant.style}", image, item.labels, sidecar)
    return accepted
