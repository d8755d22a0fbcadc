"""Intervals and scores: how sure a measured number is, and how good a probability is."""

import math

import numpy as np


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): unlike the normal one it is honest near 0 and 1, and for few trials."""
    if trials == 0:
        return 0.0, 1.0
    z, share = 1.959964, successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_mean(values: np.ndarray, seed: int = 0, resamples: int = 500, block: int = 10) -> tuple[float, float]:
    """95 % interval of the mean of a series, by resampling blocks of neighbours (which resemble each other)."""
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        return math.nan, math.nan
    blocks = [values[i : i + block] for i in range(0, len(values), block)]
    sums, counts = np.array([b.sum() for b in blocks]), np.array([len(b) for b in blocks])
    pick = np.random.default_rng(seed).integers(len(blocks), size=(resamples, len(blocks)))
    low, high = np.percentile(sums[pick].sum(1) / counts[pick].sum(1), [2.5, 97.5])
    return float(low), float(high)


def bootstrap_ratio(top: np.ndarray, bottom: np.ndarray, seed: int = 0, resamples: int = 500, block: int = 10):
    """95 % interval of mean(top) / mean(bottom) of two paired series, by resampling blocks of neighbours."""
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    if len(top) == 0:
        return math.nan, math.nan
    starts = range(0, len(top), block)
    tops, bottoms = (np.array([values[i : i + block].sum() for i in starts]) for values in (top, bottom))
    pick = np.random.default_rng(seed).integers(len(tops), size=(resamples, len(tops)))
    low, high = np.percentile(tops[pick].sum(1) / np.maximum(bottoms[pick].sum(1), 1e-12), [2.5, 97.5])
    return float(low), float(high)


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve (Mann-Whitney, ties count half); NaN if one class is missing."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    positive, negative = int(labels.sum()), int((~labels).sum())
    if not positive or not negative:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> float:
    """Mean distance between stated and observed frequency over equal bins of probability (Guo et al. 2017)."""
    probabilities, labels = np.asarray(probabilities, dtype=float), np.asarray(labels, dtype=float)
    index = np.clip((probabilities * bins).astype(int), 0, bins - 1)
    gaps = [abs(probabilities[index == b].mean() - labels[index == b].mean()) * (index == b).mean() for b in set(index)]
    return float(sum(gaps))


def recall_at_false_positives(scores: np.ndarray, labels: np.ndarray, rate: float = 0.05) -> float:
    """Share of positives found where at most `rate` of negatives raise an alarm; NaN if one class is missing."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    if labels.all() or not labels.any():
        return math.nan
    threshold = np.quantile(scores[~labels], 1 - rate)
    return float((scores[labels] > threshold).mean())


def rate_bound(events: int, trials: int) -> float:
    """What the chance of a rare event is below, 95 % sure (Garwood 1936, one-sided); 3 / trials if none was seen."""
    low, high = 0.0, 10.0 + 3 * events
    for _ in range(60):
        mean = (low + high) / 2
        as_few = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(events + 1))
        low, high = (mean, high) if as_few > 0.05 else (low, mean)
    return min(1.0, high / trials)
