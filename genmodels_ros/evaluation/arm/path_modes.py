"""How many different ways a set of paths holds.

Two measures. Two paths are of different modes if, resampled at 33 points evenly spaced by length, some joint is
somewhere more than 0.5 rad apart: the coarse count usual for diverse planners. They are separated if moreover the
straight-line homotopy between them is blocked: of the 16 paths blended between the two, one touches an obstacle or the
arm itself. That is evidence, no proof, of different homotopy classes: a detour could still lead from one to the other.
"""

from itertools import combinations

import numpy as np

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.paths.bspline import resample

POINTS = 33
MODE_DISTANCE = 0.5  # rad
BLENDS = 16


def distinct_modes(paths: list[np.ndarray]) -> list[np.ndarray]:
    """Of polylines [W, D], best first, those of another mode than each one kept before, as [POINTS, D]."""
    modes: list[np.ndarray] = []
    for path in paths:
        path = resample(path, POINTS)
        if all(np.abs(path - other).max() > MODE_DISTANCE for other in modes):
            modes.append(path)
    return modes


def separated(modes: list[np.ndarray], checker: CollisionChecker) -> bool:
    """Whether the straight-line homotopy between any two of paths [POINTS, D] is blocked."""
    share = np.linspace(0, 1, BLENDS + 2)[1:-1, None, None]
    return any(
        checker.first_contact(((1 - share) * one + share * other).reshape(-1, one.shape[1])) is not None
        for one, other in combinations(modes, 2)
    )
