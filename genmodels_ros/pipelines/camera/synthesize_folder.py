"""Fills a folder with pictures made from nothing, stored as `genmodels augment` stores its own."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.formats.folder import FolderWriter
from genmodels_ros.data.labelled_images import ImageSource, Sample, SourceImage
from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer


def synthesize_folder(
    synthesizer: ImageSynthesizer, out: Path, *, count: int, seed: int = 0, truncation: float = 1.0
) -> int:
    """OUT/<name>.png, OUT/labels/<name>.png and OUT/<name>.json for `count` pictures; returns how many.

    Raises GenModelsError as `ImageSynthesizer.sample`, OSError where nothing can be written.
    """
    out = Path(out)
    pictures = synthesizer.stream(count, seed=seed, truncation=truncation)
    out.mkdir(parents=True, exist_ok=True)
    writer = FolderWriter(out, ImageSource(count, lambda: iter(())))
    for number, picture in enumerate(tqdm(pictures, total=count, desc="synthesize", disable=None)):
        name = f"synthetic_{number:06d}"
        source = SourceImage(name, str(out), labels=_stored(picture.labels))
        sidecar = {**synthesizer.provenance(picture), "truncation": truncation}
        writer.add(Sample(name, "00", source, sidecar, picture.image))
    writer.close()
    return count


def _stored(labels: np.ndarray | None) -> np.ndarray | None:
    """uint8 where the values fit, as most programs expect masks to be."""
    fits = labels is not None and labels.min() >= 0 and labels.max() < 256
    return labels.astype(np.uint8) if fits else labels
