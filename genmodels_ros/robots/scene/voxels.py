"""Points as voxels, and voxels as few axis-aligned boxes: every point lies in a box.

The grid stays put while points come and go: voxel (i, j, k) of a size is the half-open cube whose lowest corner is
(i, j, k) · size. Boxes are given in voxels, as their first one [B, 3] and, exclusive, their last one [B, 3].
"""

from collections.abc import Callable
from itertools import permutations

import numpy as np

MAX_CELLS = 2**23  # of a dense grid, 64 MiB of counts; beyond that, sorting is faster
BITS = 12  # of an index in a packed sort key: five of them fit into 64 bits


def voxelise(points: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Indices [V, 3] of the voxels that hold any of the points [3, M] m, and how many each holds [V]."""
    return _distinct(np.floor(points * points.dtype.type(1 / size)))


def coarser(voxels: np.ndarray, factor: int) -> np.ndarray:
    """The voxels [V', 3] of `factor` times the size that hold the given ones [V, 3]."""
    return _distinct(np.ascontiguousarray(voxels.T) // factor)[0]


def merge(voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes that hold exactly the voxels [V, 3].

    Runs along one axis, then equal runs side by side, then equal layers; of the six orders the one with fewest boxes.
    """
    if len(voxels) == 0:
        return np.empty((0, 3), dtype=int), np.empty((0, 3), dtype=int)
    lowest = voxels.min(axis=0)
    if np.ptp(voxels, axis=0).max() >= 2**BITS - 1:
        raise ValueError(f"voxels spread over more than {2**BITS - 1} a side: crop them or take larger ones")
    unit = voxels - lowest
    found = []
    for order in permutations(range(3)):
        lower, upper = unit, unit + 1
        for axis in order:
            lower, upper = _join(lower, upper, axis)
        found.append((lower, upper))
    lower, upper = min(found, key=lambda boxes: len(boxes[0]))
    return lower + lowest, upper + lowest


def fill(lower: np.ndarray, upper: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """At most `count` boxes that hold all the given ones: pairs become one where that adds the least volume."""
    while len(lower) > max(count, 1):
        both_lower = np.minimum(lower[:, None], lower[None])
        both_upper = np.maximum(upper[:, None], upper[None])
        volume = np.prod(upper - lower, axis=-1)
        added = np.prod(both_upper - both_lower, axis=-1) - volume[:, None] - volume[None]
        np.fill_diagonal(added, np.iinfo(added.dtype).max)
        partner = added.argmin(axis=1)
        first = np.arange(len(lower))
        mutual = first[(partner[partner] == first) & (first < partner)]
        cheapest = mutual[np.argsort(added[mutual, partner[mutual]], kind="stable")][: len(lower) - count]
        lower[cheapest] = both_lower[cheapest, partner[cheapest]]
        upper[cheapest] = both_upper[cheapest, partner[cheapest]]
        keep = np.delete(first, partner[cheapest])
        lower, upper = lower[keep], upper[keep]
    return lower, upper


def carve(
    lower: np.ndarray, upper: np.ndarray, voxels: np.ndarray, blocked: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes that hold the same voxels [V, 3], the `blocked` ones split until none is, or only one voxel is left of it.

    blocked: whether each of boxes [B, 3], [B, 3] must not be: [B] bool
    """
    bad = blocked(lower, upper)
    clear = [(lower[~bad], upper[~bad])]
    parts = [voxels[((voxels >= a) & (voxels < b)).all(axis=1)] for a, b in zip(lower[bad], upper[bad], strict=True)]
    while parts := [part for part in parts if len(part)]:
        lower = np.array([part.min(axis=0) for part in parts])
        upper = np.array([part.max(axis=0) + 1 for part in parts])
        bad = blocked(lower, upper) & (np.prod(upper - lower, axis=1) > 1)
        clear.append((lower[~bad], upper[~bad]))
        halves = []
        for index in np.flatnonzero(bad):
            axis = int((upper - lower)[index].argmax())
            low = parts[index][:, axis] < (lower[index, axis] + upper[index, axis]) / 2
            halves += [parts[index][low], parts[index][~low]]
        parts = halves
    return tuple(np.concatenate(corners) for corners in zip(*clear, strict=True))


def _distinct(indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different columns of indices [3, M], as rows [V, 3], and how often each occurs [V]."""
    if indices.shape[1] == 0:
        return np.empty((0, 3), dtype=int), np.empty(0, dtype=int)
    lowest = indices.min(axis=1)
    shape = (indices.max(axis=1) - lowest).astype(int) + 1
    x, y, z = (indices - lowest[:, None]).astype(int)
    keys = (x * shape[1] + y) * shape[2] + z
    if np.prod(shape.astype(float)) <= MAX_CELLS:
        counts = np.bincount(keys)
        filled = np.flatnonzero(counts)
        counts = counts[filled]
    else:
        filled, counts = np.unique(keys, return_counts=True)
    return np.stack(np.unravel_index(filled, shape), axis=-1) + lowest.astype(int), counts


def _join(lower: np.ndarray, upper: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Joins boxes of equal cross section that follow each other along `axis`."""
    first, second = (other for other in range(3) if other != axis)
    section = (lower[:, first], upper[:, first], lower[:, second], upper[:, second])
    key = lower[:, axis].astype(np.int64)
    for place, value in enumerate(section, start=1):
        key = key + (value.astype(np.int64) << (BITS * place))
    order = np.argsort(key, kind="stable")
    lower, upper, cross = lower[order], upper[order], key[order] >> BITS
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (cross[1:] != cross[:-1]) | (lower[1:, axis] != upper[:-1, axis])
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(order)) - 1
    return lower[starts], np.where(np.arange(3) == axis, upper[ends], upper[starts])
