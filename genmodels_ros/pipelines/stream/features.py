"""Rows of numbers from a sensor → what is judged of each: where every number is, how it changes, how rough it runs.

    value      v_t
    slope      (v_t - v_{t-K}) / (s_t - s_{t-K})                      per second, by the stamps
    roughness  log of the mean change from one difference to the next over the K + 1 rows of the window,
               |v_i - 2 v_{i-1} + v_{i-2}| for even stamps

The slope relates a position to a velocity, a velocity to a torque. The roughness is the level of a sensor's noise: what
repeats itself has none, what is loose has much. No fault has a rule of its own.
"""

import numpy as np

KINDS = ("value", "slope", "roughness")
SMOOTHEST = 1e-9  # in the number's own units, added to the mean second difference: its logarithm is at least -20.7
FEWEST_LAGS = 2


def stream_features(stamps: np.ndarray, rows: np.ndarray, lags: int) -> np.ndarray:
    """[N - lags, 3 D] of rows [N, D] at rising stamps [N] s: all values, then all slopes, then all roughnesses.

    The first `lags` (K) rows have none. Raises ValueError for fewer than FEWEST_LAGS lags.
    """
    if lags < FEWEST_LAGS:
        raise ValueError(f"a window needs {FEWEST_LAGS} lags or more, got {lags}")
    if len(rows) <= lags:
        return np.zeros((0, len(KINDS) * rows.shape[1]))
    values = rows[lags:]
    slopes = (values - rows[:-lags]) / (stamps[lags:] - stamps[:-lags])[:, None]
    steps = np.diff(stamps)[:, None]
    bends = np.abs(np.diff(np.diff(rows, axis=0) / steps, axis=0)) * (steps[1:] + steps[:-1]) / 2
    windows = np.lib.stride_tricks.sliding_window_view(bends, lags - 1, axis=0)
    return np.concatenate([values, slopes, np.log(windows.mean(axis=-1) + SMOOTHEST)], axis=1)


def smooth(values: np.ndarray, size: int) -> np.ndarray:
    """Mean of each of values [N] and the size - 1 before it, of fewer at the beginning."""
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.full(size - 1, np.nan), values]), size)
    return np.nanmean(windows, axis=1) if len(values) else values
