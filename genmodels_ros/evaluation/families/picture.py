"""Samples of each model beside the data, as one sheet: points in the plane, paths, or outlines seen by a lidar.

points   the two columns; of more, the first two principal components of the held-out rows
paths    rows [n, J] of an arm: its joints' deviation from the straight line, in the two that deviate most
scans    rows [beams] of log ranges (data/scan_vectors.py), the robot in the middle
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.scan_vectors import ScanFeatures
from genmodels_ros.errors import ErrorCode, GenModelsError

SIDE, GAP, HEADER = 220, 8, 24  # px
COLUMNS = 4
MOST_POINTS, MOST_PATHS, SCANS = 2000, 20, 9
PAPER, CELL, INK, MARK = (255, 255, 255), (244, 244, 244), (40, 40, 44), (0, 84, 148)  # RGB
SHIFT = 4  # OpenCV draws at 1/16 px

Draw = Callable[[np.ndarray, np.ndarray], None]  # (cell [SIDE, SIDE, 3], rows [N, D])


def sheet(samples: dict[str, Tensor], shape: Sequence[int], draw: str = "points", columns: int = COLUMNS) -> np.ndarray:
    """uint8 [H, W, 3] RGB: one cell for each of `samples` [N, D]; the first are the data and set the scale for all.

    shape of one row. Raises GenModelsError(INVALID_DATA) for rows that cannot be drawn so.
    """
    reference = next(iter(samples.values()))
    if draw not in DRAWN:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"Draw one of {', '.join(DRAWN)}, not {draw!r}.")
    pen = DRAWN[draw](reference.numpy(), tuple(shape))
    columns = min(columns, len(samples))
    rows = -(-len(samples) // columns)
    picture = np.full((rows * (HEADER + SIDE + GAP), GAP + columns * (SIDE + GAP), 3), PAPER, np.uint8)
    for number, (name, x) in enumerate(samples.items()):
        top, left = number // columns * (HEADER + SIDE + GAP), GAP + number % columns * (SIDE + GAP)
        cv2.putText(
            picture, name.replace("_", " "), (left, top + 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA
        )
        cell = np.full((SIDE, SIDE, 3), CELL, np.uint8)
        pen(cell, x.numpy())
        picture[top + HEADER : top + HEADER + SIDE, left : left + SIDE] = cell
    return picture


def _points(reference: np.ndarray, shape: tuple[int, ...]) -> Draw:
    centre, axes = _plane(reference)
    place = _scaled((reference - centre) @ axes)

    def draw(cell: np.ndarray, x: np.ndarray) -> None:
        for u, v in place((x[:MOST_POINTS] - centre) @ axes):
            _dot(cell, u, v)

    return draw


def _plane(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre [D] and two axes [D, 2]: those of the plane itself, or the principal ones of standardised columns."""
    if x.shape[1] == 2:
        return np.zeros(2), np.eye(2)
    centre, deviation = x.mean(0), x.std(0)
    deviation = np.where(deviation > 1e-9, deviation, 1)
    axes = np.linalg.svd((x - centre) / deviation, full_matrices=False)[2][:2].T
    return centre, np.pad(axes, ((0, 0), (0, 2 - axes.shape[1]))) / deviation[:, None]


def _paths(reference: np.ndarray, shape: tuple[int, ...]) -> Draw:
    if len(shape) != 2 or shape[1] < 2:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"Paths are rows [n, joints], not {list(shape)}: draw points.")
    joints = np.argsort(-reference.reshape(-1, shape[1]).std(0))[:2]

    def ways(x: np.ndarray) -> np.ndarray:
        """[N, n + 2, 2]: a path deviates neither at its start nor at its goal."""
        return np.pad(x.reshape(len(x), *shape)[..., joints], ((0, 0), (1, 1), (0, 0)))

    place = _scaled(ways(reference).reshape(-1, 2))

    def draw(cell: np.ndarray, x: np.ndarray) -> None:
        for way in ways(x[:MOST_PATHS]):
            _line(cell, place(way), closed=False)

    return draw


def _scans(reference: np.ndarray, shape: tuple[int, ...]) -> Draw:
    if len(shape) != 1:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"Scans are rows [beams], not {list(shape)}: draw points.")
    features, across = ScanFeatures(beams=shape[0]), int(SCANS**0.5)
    angles, side = features.angles(), SIDE / across
    reach = np.quantile(features.ranges(reference), 0.98)

    def draw(cell: np.ndarray, x: np.ndarray) -> None:
        for number, ranges in enumerate(features.ranges(x[:SCANS])):
            middle = (np.array([number % across, number // across]) + 0.5) * side
            radius = ranges.clip(max=reach)[:, None] / reach * side * 0.46
            _line(cell, middle + radius * np.stack([np.cos(angles), -np.sin(angles)], axis=1), closed=True)
            _dot(cell, *middle)

    return draw


DRAWN: dict[str, Callable[[np.ndarray, tuple[int, ...]], Draw]] = {"points": _points, "paths": _paths, "scans": _scans}


def _scaled(points: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Plane → px, one scale for both axes, so that nearly all of `points` fit with a margin; y points up."""
    low, high = np.quantile(points, 0.005, axis=0), np.quantile(points, 0.995, axis=0)
    half = max(0.6 * float((high - low).max()), 1e-9)
    corner = (low + high) / 2 - half

    def place(p: np.ndarray) -> np.ndarray:
        u, v = ((p - corner) / (2 * half) * SIDE).T
        return np.stack([u, SIDE - v], axis=1)

    return place


def _dot(cell: np.ndarray, u: float, v: float) -> None:
    if 0 <= u < SIDE and 0 <= v < SIDE:
        centre = (round(u * 2**SHIFT), round(v * 2**SHIFT))
        cv2.circle(cell, centre, round(0.9 * 2**SHIFT), MARK, -1, cv2.LINE_AA, SHIFT)


def _line(cell: np.ndarray, points: np.ndarray, closed: bool) -> None:
    fixed = np.rint(points.clip(-SIDE, 2 * SIDE) * 2**SHIFT).astype(np.int32)
    cv2.polylines(cell, [fixed], closed, MARK, 1, cv2.LINE_AA, SHIFT)


def samples_of(comparison) -> dict[str, Tensor]:
    """What `sheet` draws: the held-out rows, and of every model's first fit as many."""
    test = comparison.judge.test
    drawn = {"real rows": test.x}
    for name, entry in comparison.entries.items():
        drawn[name] = entry.fits[0].sample(len(test), test.condition, torch.Generator().manual_seed(0))
    return drawn
