"""A folder, recording or dataset of images → labelled variants with a sidecar each: what `genmodels augment` runs."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.image_codec import decode
from genmodels_ros.data.images import AUTO, create_writer, open_images
from genmodels_ros.data.labelled_images import Category, Sample, SourceImage, Writer
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.augment_summary import Summary, SummaryFile
from genmodels_ros.pipelines.augmentation import RANDOM, AugmentedImage, ImageAugmenter

ATTEMPTS = 3  # codes tried for a variant that the gate rejects
_OF_THE_IMAGE = (ErrorCode.INVALID_IMAGE, ErrorCode.LABEL_MISMATCH)  # errors that another image may not have


@dataclass(frozen=True)
class Request:
    """What is wanted of every image. reference: uint8 [H, W, 3], a picture whose style the variants take."""

    count: int = 4
    style: str = RANDOM
    strength: float = 1.0
    seed: int = 0
    reference: np.ndarray | None = None
    lighting_only: bool = False
    include_source: bool = False

    def options(self) -> dict:
        """Of ImageAugmenter.augment, but seed and labels."""
        optional = {"reference": self.reference, "lighting_only": self.lighting_only}
        given = {name: value for name, value in optional.items() if value is not None and value is not False}
        return {"style": self.style, "strength": self.strength, **given}


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
    format: str = AUTO,
    out_format: str = AUTO,
    topic: str | None = None,
    reference: Path | None = None,
    lighting_only: bool = False,
    include_source: bool = False,
    mark: bool = True,
) -> Summary:
    """Writes `count` variants of every image into the new folder `out`, in a format of data/images.py.

    A variant that the quality gate rejects is drawn again; after ATTEMPTS its sidecar says why and there is no image.
    Each image's seed follows from `seed` and its name, so that adding files to a folder changes no other's variants.
    Raises GenModelsError: UNKNOWN_STYLE, INVALID_COUNT, INVALID_SCALING, MODEL_UNAVAILABLE; INVALID_IMAGE if not one
    image can be used, or `out` is not empty.
    """
    source, out = Path(source), Path(out)
    if out.resolve() == source.resolve():
        raise GenModelsError(ErrorCode.INVALID_IMAGE, "IN and OUT are the same folder: choose another OUT.")
    augmenter = ImageAugmenter.from_checkpoint(checkpoint, device=device, mark=mark)
    augmenter.check(style=style, strength=strength, count=count)
    picture = None if reference is None else decode(Path(reference).read_bytes())
    request = Request(count, style, strength, seed, picture, lighting_only, include_source)
    images = open_images(source, labels, format=format, topic=topic)
    writer = create_writer(out_format, out, images)
    notes = ()
    try:
        with SummaryFile(out) as summary:
            for item in tqdm(images.images(), total=images.count, unit="image", disable=None):
                summary.see(item)
                for sample in _samples(augmenter, item, request, images.categories, summary):
                    _store(writer, sample, summary)
    finally:
        notes = writer.close()
    result = summary.finish((*images.notes(), *notes))
    if not result.images:
        raise GenModelsError(ErrorCode.INVALID_IMAGE, f"No image in {source} can be used: {result.first_problem}")
    return result


def _samples(augmenter, item: SourceImage, request: Request, categories, summary) -> Iterator[Sample]:
    """The image itself if wanted, and its variants, those that the gate rejects without an image."""
    if item.image is None:
        return
    facts = _facts(item, categories)
    if request.include_source:
        yield Sample(f"{item.name}_source", "source", item, {**facts, "synthetic": False}, item.image)
    own_seed = zlib.crc32(f"{item.split}{item.name}".encode(), request.seed % 2**32)
    candidates = augmenter.variant_seeds(own_seed, request.count * ATTEMPTS)
    for number in range(request.count):
        seeds = candidates[number * ATTEMPTS :][:ATTEMPTS]
        try:
            variant, attempts = _accepted(augmenter, item, request, seeds)
        except GenModelsError as error:
            if error.code not in _OF_THE_IMAGE:
                raise
            summary.skip(item.name, error.message)
            return
        sidecar = {**facts, "synthetic": True, **_verdict(augmenter, variant), "attempts": attempts}
        image = variant.image if variant.accepted else None
        yield Sample(f"{item.name}_{number:02d}_{variant.style}", f"{number:02d}", item, sidecar, image)


def _accepted(augmenter, item: SourceImage, request: Request, seeds: list[int]) -> tuple[AugmentedImage, int]:
    """The first variant that the gate accepts, or the last one tried, and how many were."""
    attempts = 0
    for seed in seeds:
        attempts += 1
        variant = augmenter.augment(item.image, seed=seed, labels=item.labels, **request.options())
        if variant.accepted:
            break
    return variant, attempts


def _store(writer: Writer, sample: Sample, summary: SummaryFile) -> None:
    try:
        writer.add(sample)
    except GenModelsError as error:
        if error.code not in _OF_THE_IMAGE:
            raise
        summary.skip(sample.flat_name, error.message)
        return
    summary.store(sample)


def _facts(item: SourceImage, categories: tuple[Category, ...]) -> dict:
    """What the sidecar says of the source."""
    facts = {"source": item.origin, "source_stamp": item.stamp}
    if item.command is not None:
        facts["command"] = {"forward": item.command[0], "turning": item.command[1]}
    if item.instances:
        names = {category.id: category.name for category in categories}
        facts["instances"] = [
            {**instance.as_dict(), "category_name": names.get(instance.category, "")} for instance in item.instances
        ]
    return facts


def _verdict(augmenter: ImageAugmenter, variant: AugmentedImage) -> dict:
    return {
        **augmenter.provenance(variant),
        "quality": {"edge_agreement": round(variant.quality, 4), **variant.scores},
        "accepted": variant.accepted,
        "rejection_reason": variant.rejection_reason,
    }
