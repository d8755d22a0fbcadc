"""How large a statistic gets how seldom: the tail of its peaks over threshold.

Peaks are the largest values of blocks of time. Of the largest n of them the excess over the n-th, u, follows a
generalised Pareto distribution (Pickands 1975; for streams Siffer et al. 2017, "Anomaly detection in streams with
extreme value theory"), fitted by probability-weighted moments (Hosking & Wallis 1987, eq. 8), so that

    value(rate) = u + scale / shape ((n / (rate hours))^shape - 1)

The shape is kept within 0 (exponential) and 0.5: a bounded tail is never believed, it would promise that worse does not
happen. What is rarer than once in the time seen is extrapolation all the same; `rate_supported` says what is not.
"""

import math

import numpy as np

FEWEST_PEAKS = 20
SHARE, MOST = 0.1, 200  # of the peaks that the tail is fitted to, at most
FEWEST = 10  # … at least
SHAPES = (0.0, 0.5)


def rare_values(peaks: np.ndarray, hours: float, rates: tuple[float, ...]) -> tuple[float, ...]:
    """The value that peaks [N] of `hours` reach as often an hour as each of `rates`, falling.

    Rates that were seen often enough are read off the peaks themselves. Raises ValueError for fewer than FEWEST_PEAKS.
    """
    falling = np.sort(peaks)[::-1]
    if len(falling) < FEWEST_PEAKS:
        raise ValueError(f"{len(falling)} peaks are too few to tell what is rare: {FEWEST_PEAKS} are needed")
    n = min(max(FEWEST, round(SHARE * len(falling))), MOST)
    u = float(falling[n - 1])
    scale, shape = pareto_tail(falling[:n] - u)

    def value(rate: float) -> float:
        if rate * hours >= n:
            return float(falling[min(int(rate * hours), len(falling)) - 1])
        expected = math.log(n / (rate * hours))
        return u + scale * (expected if shape == 0 else math.expm1(shape * expected) / shape)

    return tuple(value(rate) for rate in rates)


def pareto_tail(excesses: np.ndarray) -> tuple[float, float]:
    """(scale, shape) of a generalised Pareto distribution of excesses [n] over 0, shape within SHAPES."""
    rising, n = np.sort(excesses), len(excesses)
    mean = max(float(rising.mean()), 1e-9)
    weighted = float((rising * (1 - (np.arange(1, n + 1) - 0.35) / n)).mean())
    shape = 2 - mean / max(mean - 2 * weighted, 1e-12) if mean > 2 * weighted else SHAPES[0]
    shape = min(max(shape, SHAPES[0]), SHAPES[1])
    return mean * (1 - shape), shape


def rate_supported(hours: float) -> float:
    """The least rate [1/h] that `hours` of data without an alarm speak for: 95 % sure to be below it (3 / hours)."""
    return 3 / max(hours, 1e-9)
