"""A folder, recording or dataset of images → labelled variants with a sidecar each: what `genmodels augment` runs."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from genmodels_ros.data.images import AUTO, create_writer, open_images
from genmodels_ros.data.label_objects import ObjectLabels, with_objects
from genmodels_ros.data.labelled_images import Category, Sample, SourceImage, Writer
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.augment_request import OF_THE_IMAGE, Request
from genmodels_ros.pipelines.camera.augment_summary import Summary, SummaryFile
from genmodels_ros.pipelines.camera.augmentation import RANDOM, AugmentedImage, ImageAugmenter


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
    objects: str | None = None,
    reference: Path | None = None,
    lighting_only: bool = False,
    include_source: bool = False,
    mark: bool = True,
    gate: str | None = None,
) -> Summary:
    """Writes `count` variants of every image into the new folder `out`, in a format of data/images.py.

    A variant that the quality gate rejects is drawn again; after ATTEMPTS its sidecar says why and there is no image.
    `gate` is a mode of it, see ImageAugmenter.from_checkpoint; `objects` a text that ObjectLabels.parse takes.
    Each image's seed follows from `seed` and its name, so that adding files to a folder changes no other's variants.
    Raises GenModelsError: UNKNOWN_STYLE, INVALID_COUNT, INVALID_SCALING, MODEL_UNAVAILABLE; INVALID_IMAGE if not one
    image can be used, or `out` is not empty; LABEL_MISMATCH for `objects` that cannot be found.
    """
    source, out = Path(source), Path(out)
    if out.resolve() == source.resolve():
        raise GenModelsError(ErrorCode.INVALID_IMAGE, "IN and OUT are the same folder: choose another OUT.")
    augmenter = ImageAugmenter.from_checkpoint(checkpoint, device=device, mark=mark, gate=gate)
    request = Request.checked(
        augmenter, count=count, style=style, strength=strength, reference=reference, lighting_only=lighting_only
    )
    images = open_images(source, labels, format=format, topic=topic)
    if objects is not None:
        images = with_objects(images, ObjectLabels.parse(objects))
    writer = create_writer(out_format, out, images)
    try:
        with SummaryFile(out) as summary:
            for item in tqdm(images.images(), total=images.count, unit="image", disable=None):
                summary.see(item)
                facts = _facts(item, images.categories)
                for sample in _samples(request, item, facts, seed, include_source, summary):
                    _store(writer, sample, summary)
    finally:
        notes = writer.close()
    result = summary.finish((*images.notes(), *notes))
    if not result.images:
        raise GenModelsError(ErrorCode.INVALID_IMAGE, f"No image in {source} can be used: {result.first_problem}")
    return result


def _samples(
    request: Request, item: SourceImage, facts: dict, seed: int, include_source: bool, summary: SummaryFile
) -> Iterator[Sample]:
    """The image itself if wanted, and its variants, those that the gate rejects without an image."""
    if item.image is None:
        return
    if include_source:
        yield Sample(f"{item.name}_source", "source", item, {**facts, "synthetic": False}, item.image)
    own_seed = zlib.crc32(f"{item.split}{item.name}".encode(), seed % 2**32)
    try:
        for number, (variant, attempts) in enumerate(request.variants(item, own_seed)):
            sidecar = {**facts, "synthetic": True, **_verdict(request, variant), "attempts": attempts}
            image = variant.image if variant.accepted else None
            yield Sample(f"{item.name}_{number:02d}_{variant.style}", f"{number:02d}", item, sidecar, image)
    except GenModelsError as error:
        if error.code not in OF_THE_IMAGE:
            raise
        summary.skip(item.name, error.message)


def _store(writer: Writer, sample: Sample, summary: SummaryFile) -> None:
    try:
        writer.add(sample)
    except GenModelsError as error:
        if error.code not in OF_THE_IMAGE:
            raise
        summary.skip(sample.flat_name, error.message)
        return
    summary.store(sample)


def _facts(item: SourceImage, categories: tuple[Category, ...]) -> dict:
    """What the sidecars say of the source."""
    facts = {"source": item.origin, "source_stamp": item.stamp}
    if item.command is not None:
        facts["command"] = {"forward": item.command[0], "turning": item.command[1]}
    if item.instances:
        names = {category.id: category.name for category in categories}
        facts["instances"] = [
            {**instance.as_dict(), "category_name": names.get(instance.category, "")} for instance in item.instances
        ]
    return facts


def _verdict(request: Request, variant: AugmentedImage) -> dict:
    return {
        **request.augmenter.provenance(variant),
        **request.facts(),
        "quality": {"edge_agreement": round(variant.quality, 4), **variant.scores},
        "accepted": variant.accepted,
        "rejection_reason": variant.rejection_reason,
    }
