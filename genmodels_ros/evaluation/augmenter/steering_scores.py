"""How well predicted steering follows a driver's, and how sure that is.

The driver's steering is pulses to the left, straight and right, and the car's gain is unknown: what counts first is the
correlation. Intervals come from resampling seeds and blocks of neighbouring frames, the same ones for what is compared.
"""

from dataclasses import dataclass

import numpy as np

BLOCK = 40  # frames, 2 s
RESAMPLES = 1000
STEERED = 0.2  # a sign counts where the driver steers more than this


@dataclass(frozen=True)
class Interval:
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def correlation(predicted: np.ndarray, driven: np.ndarray) -> float:
    """Pearson's; predicted [S, N] of S networks, driven [N]: the mean over networks."""
    return float(_from_sums(_sums(predicted, driven).sum(axis=1)).mean())


def sign_agreement(predicted: np.ndarray, driven: np.ndarray) -> float:
    """Share of the frames with |driven| > STEERED where the sign is right."""
    steered = np.abs(driven) > STEERED
    return float((np.sign(predicted) == np.sign(driven))[:, steered].mean())


def error_after_fit(predicted: np.ndarray, driven: np.ndarray) -> float:
    """Mean absolute error after the best line from prediction to driver (least squares, on the same frames)."""
    return float(np.mean([np.abs(np.polyval(np.polyfit(p, driven, 1), p) - driven).mean() for p in predicted]))


def error_of_mean(driven: np.ndarray) -> float:
    """Mean absolute error of always steering as the driver does on average."""
    return float(np.abs(driven - driven.mean()).mean())


def compared(first: list[np.ndarray], second: list[np.ndarray] | None, driven: list[np.ndarray], seed: int) -> Interval:
    """Mean correlation over recordings, of `first` or of first - second, with its 95 % interval.

    One entry a recording: predictions [S, N], and the driver's steering [N].
    """
    sides = [first] if second is None else [first, second]
    sums = [[_sums(predicted, d) for predicted, d in zip(side, driven, strict=True)] for side in sides]
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        seeds = rng.integers(len(first[0]), size=len(first[0]))
        blocks = [rng.integers(one.shape[1], size=one.shape[1]) for one in sums[0]]
        means = [_mean([one[seeds][:, b] for one, b in zip(side, blocks, strict=True)]) for side in sums]
        drawn.append(means[0] - (means[1] if second is not None else 0))
    value = _mean(sums[0]) - (_mean(sums[1]) if second is not None else 0)
    return Interval(value, *map(float, np.percentile(drawn, [2.5, 97.5])))


def _mean(sums: list[np.ndarray]) -> float:
    return float(np.mean([_from_sums(one.sum(axis=1)).mean() for one in sums]))


def _sums(predicted: np.ndarray, driven: np.ndarray) -> np.ndarray:
    """[S, blocks, 6]: count, sums of p, d, p², d² and pd."""
    driven = np.broadcast_to(driven, predicted.shape)
    terms = np.stack([np.ones_like(predicted), predicted, driven, predicted**2, driven**2, predicted * driven], axis=-1)
    return np.add.reduceat(terms, np.arange(0, terms.shape[1], BLOCK), axis=1)


def _from_sums(sums: np.ndarray) -> np.ndarray:
    n, p, d, pp, dd, pd = np.moveaxis(sums.astype(float), -1, 0)
    covariance, variances = n * pd - p * d, (n * pp - p**2) * (n * dd - d**2)
    return covariance / np.sqrt(np.maximum(variances, 1e-12))
