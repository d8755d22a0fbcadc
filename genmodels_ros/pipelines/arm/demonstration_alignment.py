"""Demonstrations of different length and speed, laid beside each other: smoothed, by length, warped onto their mean.

Time is left out on purpose, as the motion is timed anew when it is played. A demonstration becomes a curve over the
share of its way, which forgets speed and pauses; dynamic time warping (Sakoe & Chiba 1978) of all onto their mean, a
few times over (as barycentre averaging does, Petitjean et al. 2011), takes out that one went a detour early on.
"""

from collections.abc import Sequence

import numpy as np

from genmodels_ros.robots.paths.bspline import basis, resample

POINTS = 100  # of an aligned demonstration
ROUNDS = 3  # of warping onto the mean
PER_KNOT = 5  # recorded points a control point of the smoothing spline


def align(demonstrations: Sequence[np.ndarray]) -> np.ndarray:
    """[M, POINTS, D] from paths [T, D] of any lengths; point i of one corresponds to point i of another."""
    curves = np.stack([resample(smooth(path), POINTS) for path in demonstrations])
    aligned = curves
    for _ in range(ROUNDS):
        reference = resample(aligned.mean(0), POINTS)
        aligned = np.stack([_along(curve, warp(reference, curve)) for curve in curves])
    return aligned


def smooth(path: np.ndarray) -> np.ndarray:
    """A path [T, D] without the sensor's noise, which in a pause would pass for way: a spline of fewer points."""
    knots = int(np.clip(len(path) // PER_KNOT, min(12, len(path)), 100))
    matrix = basis(knots, len(path))
    return matrix @ np.linalg.lstsq(matrix, path, rcond=None)[0]


def warp(reference: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Where on `curve` [P, D] each point of `reference` [R, D] is, as indices [R], rising from 0 to P - 1.

    Dynamic time warping; of several partners of a point the middle.
    """
    cost = np.square(reference[:, None] - curve[None]).sum(-1)
    R, P = cost.shape
    total = np.full((R + 1, P + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(R):
        for j in range(P):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    i, j, partners = R, P, [[] for _ in range(R)]
    while i and j:
        partners[i - 1].append(j - 1)
        step = np.argmin([total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]])
        i, j = i - (step < 2), j - (step != 1)
    middle = np.array([np.mean(found) for found in partners])
    middle[[0, -1]] = 0, P - 1
    return middle


def _along(curve: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Points of a curve [P, D] at fractional indices [R]."""
    return np.stack([np.interp(index, np.arange(len(curve)), column) for column in curve.T], axis=-1)
