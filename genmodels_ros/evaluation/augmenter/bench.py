"""Measures the image augmenter: speed, nearness to each target, whether labels hold, its gate, its mark.

What takes longer has names of its own: what a model gains that is trained on its images (`genmodels bench
augmenter-downstream`, `steering`) and whether the adversarial objectives find all modes (`mode-coverage`).
"""

from pathlib import Path

import numpy as np

from genmodels_ros.data.images import open_images
from genmodels_ros.evaluation.augmenter import distribution, labels_kept, reference, speed, watermark
from genmodels_ros.evaluation.augmenter.gate_calibration import table as calibration_table
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter

FRAME_SEED = 700_000  # scenes that no training shard was drawn from
TUBS = "camera/*.tar.gz"


def bench(options: BenchOptions) -> list[Table]:
    """Tables of the README; camera recordings under camera/ of `options.data` give a look at real images."""
    data, seed, quick = options.data, options.seed, options.quick
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device, gate="full")
    frames = LabelledFrames.render(48 if quick else 384, FRAME_SEED + seed)
    tables = speed.tables(augmenter, repeats=5 if quick else 40)
    tables += distribution.tables(augmenter, frames, seed)
    tables += reference.tables(augmenter, frames, seed)
    tables += labels_kept.tables(augmenter, frames, seed)
    if augmenter.gate.limits is not None:
        tables.append(calibration_table(augmenter.gate.limits))
    tubs = sorted(Path(data).glob(TUBS)) if data is not None else []
    if tubs:
        tables.append(real_images(augmenter, tubs, images_each=20 if quick else 60, seed=seed))
    return tables + watermark.tables(options)


def held_out_frames(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """rgb, labels and depth of `count` frames, prepared as training's, from scenes of their own."""
    frames = LabelledFrames.render(count, FRAME_SEED + seed)
    return frames.rgb, frames.labels, frames.depth


def real_images(augmenter: ImageAugmenter, tubs: list[Path], images_each: int, seed: int) -> Table:
    """Images of real robots, which the model was never trained on: edges kept and rejections by style."""
    rows = []
    for tub in tubs:
        images = _sample(tub, images_each)
        for style in augmenter.styles:
            variants = [augmenter.augment(image, style=style, seed=seed + i) for i, image in enumerate(images)]
            quality = float(np.mean([variant.quality for variant in variants]))
            rejected = np.mean([not variant.accepted for variant in variants])
            rows.append((tub.name.removesuffix(".tar.gz"), style, len(images), quality, f"{rejected:.1%}"))
    return Table("Augmenter, real camera", ("recording", "style", "images", "edges kept (F1)", "rejected"), tuple(rows))


def _sample(tub: Path, count: int) -> list[np.ndarray]:
    source = open_images(tub)
    stride = max(1, source.count // count)
    return [item.image for item in source.images() if item.image is not None][::stride][:count]
