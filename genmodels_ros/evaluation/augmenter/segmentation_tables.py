"""What an experiment of downstream_segmentation.py found, as tables: levels, differences, classes, choices."""

import numpy as np

from genmodels_ros.evaluation.augmenter.segmentation_scores import class_iou, mean_iou, paired_difference
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.simulation.scenes import LabelClass

TARGETS = ("night", "fog", "low_light")
DOMAINS = ("source", *TARGETS)


def levels(results: dict[str, np.ndarray]) -> Table:
    """Mean IoU in percent, ± its standard deviation over seeds."""
    rows = []
    for arm, confusions in results.items():
        by_seed = mean_iou(confusions.sum(2))  # [domains, seeds]
        targets = by_seed[1:].mean(0)
        cells = [f"{values.mean():.1f} ± {values.std():.1f}" for values in (*by_seed, targets)]
        rows.append((arm, *cells))
    seeds, scenes = next(iter(results.values())).shape[1:3]
    return Table(
        f"Downstream segmentation, mean IoU in %, {seeds} seeds, {scenes} scenes",
        ("trained on", *DOMAINS, "targets"),
        tuple(rows),
    )


def differences(results: dict[str, np.ndarray]) -> Table:
    """Points of mean IoU between two arms on the same frames, with 95 % intervals."""
    wanted = (
        ("GAN, 15/16", "classical"),
        ("GAN, 15/16", "source"),
        ("GAN, 15/16", "classical, 15/16"),
        ("GAN", "classical"),
        ("GAN", "source"),
        ("classical", "source"),
        ("both", "classical"),
        ("both", "GAN"),
        ("both, 15/16", "source"),
        ("GAN, no mark", "GAN"),
    )
    pairs = [pair for pair in wanted if set(pair) <= set(results)]
    rows = []
    for first, second in pairs:
        parts = [slice(i, i + 1) for i in range(len(DOMAINS))] + [slice(1, None)]
        found = [paired_difference(results[first][part], results[second][part]) for part in parts]
        cells = [f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]" for mean, low, high in found]
        rows.append((f"{first} − {second}", *cells))
    notes = ("Bars: GAN, 15/16 − classical: +3 on targets, interval above 0. GAN, 15/16 − source: −0.5 at home.",)
    return Table("Downstream segmentation, difference in points", ("arms", *DOMAINS, "targets"), tuple(rows), notes)


def classes(results: dict[str, np.ndarray]) -> Table:
    """IoU in percent of each class, mean over the target domains and seeds."""
    rows = []
    for arm, confusions in results.items():
        mean = 100 * np.nanmean(class_iou(confusions[1:].sum(2)), axis=(0, 1))
        rows.append((arm, *(float(value) for value in mean)))
    names = tuple(one.name.lower() for one in LabelClass)
    return Table("Downstream segmentation, IoU of each class on the targets, %", ("trained on", *names), tuple(rows))


def policy_table(scores: dict[str, np.ndarray], chosen: str) -> Table:
    rows = [(name, *(float(v) for v in s), float(s[1:].mean())) for name, s in scores.items()]
    return Table(
        "Classical policies on labelled validation frames, mean IoU in %, seed 0",
        ("policy", *DOMAINS, "targets"),
        tuple(rows),
        (f"Chosen: {chosen}.",),
    )
