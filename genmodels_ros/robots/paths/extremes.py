"""Whether polynomials leave an interval anywhere, not only where one looks.

A polynomial on u in [0, 1] lies between the smallest and the largest of its Bernstein coefficients, and begins and ends
on the first and the last (Farin, Curves and Surfaces for CAGD, 2002, chapter 5). Where only coefficients stick out, the
polynomial is cut in halves by de Casteljau's algorithm, until it is known.
"""

from functools import lru_cache
from math import comb

import numpy as np

CUTS = 12  # at most; a coefficient that still sticks out then belongs to a value within a millionth of the limit


def leaves(coefficients: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """[P, D] whether polynomials with coefficients [P, n + 1, D] of 1, u, ..., u^n leave [lower, upper], each [D],
    anywhere in 0 <= u <= 1.
    """
    return _leaves(_bernstein(coefficients.shape[1] - 1) @ coefficients, lower, upper, CUTS)


def _leaves(control: np.ndarray, lower: np.ndarray, upper: np.ndarray, cuts: int) -> np.ndarray:
    outside = ~((control >= lower) & (control <= upper))  # so that NaN is outside
    certain = outside[:, 0] | outside[:, -1]
    doubtful = outside.any(axis=1) & ~certain
    if cuts == 0:
        return certain | doubtful
    rows = np.flatnonzero(doubtful.any(axis=1))
    if len(rows):
        first, second = (_leaves(half, lower, upper, cuts - 1) for half in _halves(control[rows]))
        certain[rows] |= first | second
    return certain


def _halves(control: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bernstein coefficients [P, n + 1, D] of both halves."""
    first, second, row = [control[:, 0]], [control[:, -1]], control
    while row.shape[1] > 1:
        row = (row[:, 1:] + row[:, :-1]) / 2
        first.append(row[:, 0])
        second.append(row[:, -1])
    return np.stack(first, axis=1), np.stack(second[::-1], axis=1)


@lru_cache(maxsize=8)
def _bernstein(degree: int) -> np.ndarray:
    """[n + 1, n + 1]: from coefficients of powers to Bernstein coefficients."""
    return np.array([[comb(j, i) / comb(degree, i) for i in range(degree + 1)] for j in range(degree + 1)])
