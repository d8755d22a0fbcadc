"""Where to look in order to fill a hole: windows with the hole in their middle and as much again around it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CONTEXT = 0.5  # of the hole's longer side, seen on each side of it
LEAST_CONTEXT = 24  # pixels
NEAR = 12  # pixels; parts of a mask no further apart are one hole


@dataclass(frozen=True)
class Window:
    """area: slices of rows and columns of the image; hole: bool of the area's size, what is to be painted in it.

    Other holes may reach into the area: they are unknown there, and painted in windows of their own.
    """

    area: tuple[slice, slice]
    hole: np.ndarray


def hole_windows(mask: np.ndarray) -> Iterator[Window]:
    """One window a hole of `mask` [H, W] bool, from the top downwards; together their holes are the mask."""
    import cv2

    reach = np.ones((NEAR + 1, NEAR + 1), np.uint8)
    count, number = cv2.connectedComponents(cv2.dilate(mask.astype(np.uint8), reach))
    number = number * mask
    for one in range(1, count):
        area = _area(number == one)
        yield Window(area, number[area] == one)


def _area(hole: np.ndarray) -> tuple[slice, slice]:
    spans = [np.flatnonzero(hole.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    longest = max(last - first + 1 for first, last in spans)
    margin = max(LEAST_CONTEXT, round(CONTEXT * longest))
    return tuple(
        slice(max(0, int(first) - margin), min(side, int(last) + 1 + margin))
        for (first, last), side in zip(spans, hole.shape, strict=True)
    )
