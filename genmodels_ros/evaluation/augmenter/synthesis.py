"""Synthesis measured: how near pictures made from nothing come to frames never trained on, whether their masks show
what they show, and whether they are copies.

Frames of new scenes in three parts: one to be measured against, one as the floor, one that the baselines learn from.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.image_shards import load_shards
from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.augmenter.bench import FRAME_SEED
from genmodels_ros.evaluation.augmenter.image_distance import features
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.augmenter.segmentation_scores import confusion, mean_iou
from genmodels_ros.evaluation.augmenter.synthesis_baselines import blurred_mean, mixture, untrained
from genmodels_ros.evaluation.distribution.kernel_distance import kernel_distance
from genmodels_ros.evaluation.distribution.memorisation import memorisation
from genmodels_ros.evaluation.distribution.sample_quality import sample_quality
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.checkpoint import load_checkpoint, shipped
from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer
from genmodels_ros.simulation.camera.shards import HEIGHT
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.camera.own_pictures import reduced, reduced_labels
from genmodels_ros.training.camera.segmentation import predict

COUNT, QUICK_COUNT = 384, 48  # frames of each part, whole scenes
FEATURES = (
    "Features: convolutions with fixed random weights (models/image_features.py), so that no figure compares with one "
    "on Inception's. KID x1000, standardised over the frames measured against; the real frames are the floor."
)
MASKS = (
    "The frozen segmenter of the quality gate (checkpoints/camera_segmenter) reads the pictures, brought to its size. "
    "Masks of other pictures show what chance gives, real frames what the segmenter can; then each class's share."
)
COPIES = (
    "Nearest rows in the features above, as many of both kinds: 1 and 50 % where nothing was learned by heart, 0 and "
    "100 % for copies."
)


def tables(options: BenchOptions) -> list[Table]:
    """Pictures and masks; with the shards of training in `options.data`, copies, too. Raises
    GenModelsError(MODEL_UNAVAILABLE) without a checkpoint, as none is shipped."""
    if options.checkpoint is None:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            "No generator of pictures is shipped: name yours with --checkpoint, made by 'genmodels train synthesis'.",
        )
    synthesizer = ImageSynthesizer.from_checkpoint(options.checkpoint, device=options.device, mark=False)
    count, size = QUICK_COUNT if options.quick else COUNT, synthesizer.size
    frames = LabelledFrames.render(3 * count, FRAME_SEED + options.seed)
    rgb = shrunk(frames.rgb, size)
    real, floor, known = np.split(rgb, 3)
    made = synthesizer.sample(count, seed=options.seed)
    pictures = np.stack([one.image for one in made])
    rows = {"generator": pictures, "untrained": untrained(synthesizer, count, options.seed)}
    rows |= {"Gaussian mixture": mixture(known, count, options.seed), "blurred mean": blurred_mean(known, count)}
    found = [_nearness(rows | {"real frames": floor}, real)]
    if synthesizer.label_values:
        truth = shrunk_labels(frames.labels[:count], size)
        found.append(_masks(pictures, np.stack([one.labels for one in made]), real, truth))
    if options.data is not None and any(Path(options.data).glob("source-*.npz")):
        training = shrunk(load_shards(options.data, "source")["rgb"], size)
        found.append(_copies({"generator": pictures, "real frames": floor}, training, real, options.seed))
    return found


bench = tables  # the name that `genmodels bench synthesis` asks for


def shrunk(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [N, H, W, 3] → [N, *size, 3], as training reduces its pictures."""
    return torch.stack([reduced(image, *size) for image in images]).permute(0, 2, 3, 1).contiguous().numpy()


def shrunk_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[N, H, W] → int32 [N, *size]."""
    return torch.stack([reduced_labels(mask, *size) for mask in labels]).numpy()


def _nearness(rows: dict[str, np.ndarray], real: np.ndarray) -> Table:
    target, cells = features(real), []
    for name, pictures in rows.items():
        quality = sample_quality(target, made := features(pictures))
        distance = kernel_distance(made, target, target)
        cells.append((name, distance, quality.precision, quality.recall, quality.density, quality.coverage))
    columns = ("pictures", "KID", "precision", "recall", "density", "coverage")
    return Table(
        f"Synthesis, {len(real)} pictures against as many new frames, k = 5", columns, tuple(cells), (FEATURES,)
    )


def _masks(pictures: np.ndarray, labels: np.ndarray, real: np.ndarray, truth: np.ndarray) -> Table:
    segmenter, _ = load_checkpoint(shipped("camera_segmenter"), "segmenter")
    seen, seen_real = (seen_by(segmenter, images) for images in (pictures, real))
    rows = [
        _agreement("generator", seen, labels),
        _agreement("… with masks of other pictures", seen, np.roll(labels, 1, axis=0)),
        _agreement("real frames", seen_real, truth),
    ]
    columns = ("pictures", "mIoU", "pixels alike", *(label.name.lower() for label in LabelClass))
    return Table("Synthesis, masks in the eyes of a frozen segmenter", columns, tuple(rows), (MASKS,))


def seen_by(segmenter, images: np.ndarray) -> np.ndarray:
    """What the segmenter sees in uint8 [N, H, W, 3], enlarged to the height that it knows; at their own size."""
    height, width = images.shape[1:3]
    large = (8 * round(width * HEIGHT / height / 8), HEIGHT)
    seen = predict(segmenter, np.stack([cv2.resize(image, large, interpolation=cv2.INTER_LINEAR) for image in images]))
    return np.stack([cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) for mask in seen])


def _agreement(name: str, seen: np.ndarray, labels: np.ndarray) -> tuple:
    table = confusion(labels, seen, len(LabelClass))
    shares = (f"{share:.1%}" for share in table.sum(1) / table.sum())
    return name, float(mean_iou(table)), f"{np.trace(table) / table.sum():.1%}", *shares


def _copies(rows: dict[str, np.ndarray], training: np.ndarray, held_out: np.ndarray, seed: int) -> Table:
    known, new = features(training), features(held_out)
    mean, deviation = known.mean(0), known.std(0).clamp(min=1e-6)

    def units(x: Tensor) -> Tensor:
        return (x - mean) / deviation

    cells = []
    for name, pictures in rows.items():
        found = memorisation(units(features(pictures)), units(known), units(new), generator(seed))
        cells.append((name, found.ratio, f"{found.nearer:.1%}", found.p_value))
    columns = ("pictures", "distance to training / to new frames", "nearer to training", "p")
    return Table(f"Synthesis, copies? {len(new)} frames each of training and new", columns, tuple(cells), (COPIES,))
