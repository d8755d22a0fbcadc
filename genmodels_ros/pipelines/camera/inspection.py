"""Is this image synthetic? By the mark in its pixels, and by what its file or its sidecar says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genmodels_ros.data.image_codec import decode, invalid
from genmodels_ros.data.images import open_images
from genmodels_ros.data.xmp import read_facts
from genmodels_ros.errors import GenModelsError
from genmodels_ros.pipelines.camera.provenance import says_synthetic
from genmodels_ros.pipelines.camera.watermark import KEY, detect

SUFFIXES = (".jpg", ".jpeg", ".png")
LABEL_FOLDERS = {"labels", "masks"}


@dataclass(frozen=True)
class Inspection:
    """synthetic: True by the mark or the metadata, None if neither says so and the image is too small for a mark
    by_mark, score, false_alarm: see watermark_detection.Detection; None without pixels
    metadata: what XMP or the sidecar says of where it comes from; problem: why the image could not be read
    """

    name: str
    synthetic: bool | None = None
    by_mark: bool | None = None
    by_metadata: bool = False
    score: float | None = None
    false_alarm: float | None = None
    metadata: dict = field(default_factory=dict)
    problem: str = ""


def inspect_paths(paths: list[Path], *, key: str = KEY) -> Iterator[Inspection]:
    """Of every JPEG or PNG named or in a folder or below it, but for folders of labels; and of a recording's images.

    Raises GenModelsError(INVALID_IMAGE) before the first answer if a path is missing or holds no image.
    """
    found = [(path, _files(Path(path))) for path in paths]
    recordings = {path: open_images(Path(path)) for path, files in found if not files}
    return _all(found, recordings, key)


def inspect_image(image: np.ndarray, name: str = "", metadata: dict | None = None, *, key: str = KEY) -> Inspection:
    """`image` uint8 [H, W, 3] RGB or [H, W] grey; `metadata` by the names of pipelines/camera/provenance.py."""
    found, metadata = detect(image, key=key), metadata or {}
    by_metadata = says_synthetic(metadata)
    synthetic = True if found.is_synthetic or by_metadata else False if found.decidable else None
    return Inspection(name, synthetic, found.is_synthetic, by_metadata, found.score, found.false_alarm, metadata)


def _all(found, recordings, key: str) -> Iterator[Inspection]:
    for path, files in found:
        for file in files:
            yield _inspect_file(file, key)
        if path in recordings:
            for item in recordings[path].images():
                name = f"{path}: {item.name}"
                if item.image is None:
                    yield Inspection(name, problem=item.problem)
                else:
                    yield inspect_image(item.image, name, key=key)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise invalid(f"{path}: no such file or folder.")
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return [path]
    inside = (file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    return sorted(file for file in inside if not LABEL_FOLDERS & set(file.relative_to(path).parts[:-1]))


def _inspect_file(file: Path, key: str) -> Inspection:
    try:
        data = file.read_bytes()
        image = decode(data)
    except (GenModelsError, OSError) as error:
        return Inspection(str(file), problem=str(error))
    return inspect_image(image, str(file), {**_sidecar(file), **read_facts(data)}, key=key)


def _sidecar(file: Path) -> dict:
    """What the JSON file of the same name says, {} if there is none or it is not ours."""
    try:
        content = json.loads(file.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and "digital_source_type" in content else {}
