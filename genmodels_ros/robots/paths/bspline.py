"""Paths q(s), s in [0, 1], as clamped uniform cubic B-splines of N control points [N, D].

The knots are uniform and repeated at the ends, so that the path starts and ends on its first and last control points
and lies in their convex hull (de Boor, A Practical Guide to Splines, 1978, chapter IX). Where the first two control
points coincide, and the last two, the path leaves and arrives with zero slope.
"""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

DEGREE = 3


@lru_cache(maxsize=64)
def basis(num_control_points: int, num_samples: int, derivative: int = 0) -> np.ndarray:
    """[num_samples, N]: rows of basis functions, or of their derivative by s, at evenly spaced s from 0 to 1."""
    matrix = basis_at(num_control_points, np.linspace(0, 1, num_samples), derivative)
    matrix.setflags(write=False)
    return matrix


def basis_at(num_control_points: int, s: np.ndarray, derivative: int = 0) -> np.ndarray:
    """[M, N] basis functions, or their derivative of the given order (0 to 3) by s, at s [M] in [0, 1]."""
    return evaluate(np.eye(num_control_points), s, derivative)


def knot_vector(num_control_points: int) -> np.ndarray:
    """Clamped uniform knots [N + 4]."""
    spans = num_control_points - DEGREE
    return np.concatenate([np.zeros(DEGREE), np.linspace(0, 1, spans + 1), np.ones(DEGREE)])


def evaluate(control_points: np.ndarray, s: np.ndarray, derivative: int = 0) -> np.ndarray:
    """Positions [*, M, D], or derivatives by s, of control points [*, N, D] at s [M].

    A derivative is the spline one degree lower through the scaled differences of the control points.
    """
    if control_points.shape[-2] <= DEGREE:
        raise ValueError(f"a cubic spline needs at least {DEGREE + 1} control points, got {control_points.shape[-2]}")
    knots, points = knot_vector(control_points.shape[-2]), control_points
    for degree in range(DEGREE, DEGREE - derivative, -1):
        width = knots[degree + 1 : -1] - knots[1 : -degree - 1]
        points, knots = degree / width[:, None] * np.diff(points, axis=-2), knots[1:-1]
    degree = DEGREE - derivative
    span, weights = _nonzero_functions(knots, degree, np.asarray(s, dtype=float))
    near = points[..., span[:, None] + np.arange(-degree, 1), :]
    return np.einsum("mk,...mkd->...md", weights, near)


def straight_line(start: np.ndarray, goal: np.ndarray, num_control_points: int) -> np.ndarray:
    """Control points [*, N, D] of the straight path from start to goal [*, D]; the first two and last two coincide."""
    fraction = np.concatenate([[0.0], np.linspace(0, 1, num_control_points - 2), [1.0]])[:, None]
    return start[..., None, :] + fraction * (goal - start)[..., None, :]


def fit(path: np.ndarray, num_control_points: int) -> np.ndarray:
    """Control points [N, D] nearest in the least squares to a polyline of waypoints [W, D], followed by its length."""
    return fit_curve(partial(along, path), num_control_points, max(8 * num_control_points, 2 * len(path)))


def fit_curve(curve: Callable[[np.ndarray], np.ndarray], num_control_points: int, count: int) -> np.ndarray:
    """Control points [N, D] nearest in the least squares to `count` points of a curve: fractions [M] to points [M, D].

    The ends are kept exactly; the first two and the last two control points coincide. The curve is followed at the
    pace of `straight_line`, slow at the ends, as the spline itself must be.
    """
    matrix = basis(num_control_points, count)
    points = curve(pace(num_control_points, count))
    ends = matrix[:, :2].sum(1)[:, None] * points[0] + matrix[:, -2:].sum(1)[:, None] * points[-1]
    interior = np.linalg.lstsq(matrix[:, 2:-2], points - ends, rcond=None)[0]
    return np.concatenate([np.repeat(points[:1], 2, axis=0), interior, np.repeat(points[-1:], 2, axis=0)])


def pace(num_control_points: int, count: int) -> np.ndarray:
    """How much of its way [count] a spline with evenly spread control points has gone at evenly spaced s."""
    return basis(num_control_points, count) @ straight_line(np.zeros(1), np.ones(1), num_control_points)[:, 0]


def resample(path: np.ndarray, count: int) -> np.ndarray:
    """[count, D] points evenly spaced by length along a polyline [W, D]; the ends are kept."""
    return along(path, np.linspace(0, 1, count))


def lengths(points: np.ndarray) -> np.ndarray:
    """Lengths [*] of polylines, or of control polygons, [*, W, D]."""
    return np.linalg.norm(np.diff(points, axis=-2), axis=-1).sum(axis=-1)


def along(path: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Points [M, D] of a polyline [W, D] at fractions [M] of its length."""
    marks = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    return np.stack([np.interp(fraction * marks[-1], marks, column) for column in path.T], axis=-1)


def _nonzero_functions(knots: np.ndarray, degree: int, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The span [M] each s lies in and the values [M, degree + 1] of the functions that are not zero there.

    Cox-de Boor recursion (Piegl and Tiller, The NURBS Book, 1997, algorithm A2.2).
    """
    span = np.clip(np.searchsorted(knots, s, side="right") - 1, degree, len(knots) - degree - 2)
    right = knots[span[:, None] + np.arange(1, degree + 1)] - s[:, None]
    left = s[:, None] - knots[span[:, None] - np.arange(degree)]
    values = np.ones((len(s), 1))
    for k in range(1, degree + 1):
        share = values / (right[:, :k] + left[:, k - 1 :: -1][:, :k])
        values = np.zeros((len(s), k + 1))
        values[:, :-1] = right[:, :k] * share
        values[:, 1:] += left[:, k - 1 :: -1][:, :k] * share
    return span, values
