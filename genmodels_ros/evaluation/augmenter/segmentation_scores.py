"""Scores of segmentations: confusion, mean intersection over union (Everingham et al. 2010), paired intervals."""

import numpy as np

PART = 100  # resamples at a time


def confusion(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """Pixels of true class i called j, [num_classes, num_classes], summed over all of both arrays."""
    index = truth.astype(np.int64).ravel() * num_classes + prediction.ravel()
    return np.bincount(index, minlength=num_classes**2).reshape(num_classes, num_classes)


def scene_confusions(truth: np.ndarray, prediction: np.ndarray, num_classes: int, frames_a_scene: int) -> np.ndarray:
    """One confusion a scene, [scenes, num_classes, num_classes], of frames that follow each other scene by scene."""
    starts = range(0, len(truth), frames_a_scene)
    return np.stack(
        [confusion(truth[i : i + frames_a_scene], prediction[i : i + frames_a_scene], num_classes) for i in starts]
    )


def class_iou(confusions: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, [..., C] from [..., C, C]; NaN where a class neither is nor is named."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1).astype(float)
    union = confusions.sum(-1) + confusions.sum(-2) - hits
    return np.divide(hits, union, out=np.full_like(hits, np.nan), where=union > 0)


def mean_iou(confusions: np.ndarray) -> np.ndarray:
    """Mean over the classes that occur, in percent, [...] from [..., C, C]."""
    return 100 * np.nanmean(class_iou(confusions), axis=-1)


def paired_difference(
    first: np.ndarray, second: np.ndarray, *, resamples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """first − second in points of mean IoU, and its 95 % interval by bootstrap over seeds and over scenes.

    Confusions [domains, seeds, scenes, C, C] of two arms, tested on the same frames after training with the same seeds.
    Each resample draws seeds and scenes with replacement, the same for both arms and all domains (a scene's frames are
    the same in all of them); the figure is the mean over domains and drawn seeds.
    """
    rng = np.random.default_rng(seed)
    domains, seeds, scenes = first.shape[:3]
    differences = []
    for _ in range(resamples // PART):
        counts = np.stack([np.bincount(drawn, minlength=scenes) for drawn in rng.integers(scenes, size=(PART, scenes))])
        gap = mean_iou(_counted(first, counts)) - mean_iou(_counted(second, counts))  # [PART, domains, seeds]
        drawn = rng.integers(seeds, size=(PART, 1, seeds))
        differences.append(np.take_along_axis(gap, drawn.repeat(domains, axis=1), axis=2).mean(axis=(1, 2)))
    low, high = np.percentile(np.concatenate(differences), [2.5, 97.5])
    return float((mean_iou(first.sum(2)) - mean_iou(second.sum(2))).mean()), float(low), float(high)


def _counted(confusions: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sums over scenes, each taken as often as `counts` [B, scenes] says: [B, domains, seeds, C, C]."""
    return np.tensordot(counts.astype(float), confusions.astype(float), axes=(1, 2))
