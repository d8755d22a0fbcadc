"""How near the augmenter's pictures come to each target domain, and how much of it they reach."""

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.image_distance import features
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.distribution.kernel_distance import kernel_distance
from genmodels_ros.evaluation.distribution.sample_quality import sample_quality
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter

NOTES = (
    "Features: convolutions with fixed random weights (models/image_features.py), so that no figure compares with one "
    "on Inception's. 'Real halves' is the floor: two sets of real pictures of the domain, of different scenes.",
    "Bar: KID of the augmented pictures at most half the source's.",
)


def tables(augmenter: ImageAugmenter, frames: LabelledFrames, seed: int) -> list[Table]:
    """Targets are rendered by physics from one half of the frames; the sources are the other half."""
    half = len(frames.rgb) // 2
    distances, qualities = [], []
    for style in tqdm(augmenter.styles, desc="styles", disable=None):
        real = frames.in_domain(style).rgb
        sources = frames.rgb[half:]
        variants = [augmenter.augment(image, style=style, seed=seed + i) for i, image in enumerate(sources)]
        others = [augmenter.augment(image, style=style, seed=seed + 1000 + i) for i, image in enumerate(sources)]
        made = np.stack([variant.image for variant in variants])
        target, floor, source, generated = (features(x) for x in (real[:half], real[half:], sources, made))
        distances.append(
            (
                style,
                *_kernel_distances(target, source, generated, floor),
                float(np.mean([variant.quality for variant in variants])),
                _spread(made, np.stack([other.image for other in others])),
                _spread(real[:half], np.roll(real[:half], half // 2, axis=0)),
                f"{np.mean([not variant.accepted for variant in variants]):.1%}",
            )
        )
        qualities += [_quality(style, name, target, x) for name, x in (("augmented", generated), ("real", floor))]
    columns = (
        "style", "KID source", "KID augmented", "KID real halves", "augmented / source",
        "edges kept (F1)", "spread of codes", "spread of targets", "rejected",
    )  # fmt: skip
    return [
        Table(f"Augmenter, KID x1000 to the target, {half} frames never trained on", columns, tuple(distances), NOTES),
        Table(
            f"Augmenter, precision and recall against {half} real pictures, k = 5",
            ("style", "pictures", "precision", "recall", "density", "coverage"),
            tuple(qualities),
        ),
    ]


def _kernel_distances(target, source, generated, floor) -> tuple[float, float, float, float]:
    scale = torch.cat([target, source])
    from_source, from_made, halves = (kernel_distance(x, target, scale) for x in (source, generated, floor))
    return from_source, from_made, halves, from_made / from_source


def _quality(style: str, name: str, real: torch.Tensor, pictures: torch.Tensor) -> tuple:
    found = sample_quality(real, pictures)
    return style, name, found.precision, found.recall, found.density, found.coverage


def _spread(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference of light and colour between pairs of images, in [0, 1]; noise averages out."""

    def cells(images):
        n, height, width, _ = images.shape
        return images.reshape(n, height // 16, 16, width // 16, 16, 3).mean(axis=(2, 4)) / 255

    return float(np.abs(cells(first) - cells(second)).mean())
