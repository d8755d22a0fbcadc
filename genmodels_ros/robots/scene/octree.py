"""Occupied space of an OctoMap as boxes (Hornung et al., "OctoMap", Autonomous Robots 2013; octomap 1.10's streams)."""

import struct
from itertools import product

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import Obstacle
from genmodels_ros.robots.scene.point_cloud import boxed
from genmodels_ros.robots.scene.voxels import BITS

DEPTH = 16  # of every tree: its root is a cube of 2^16 voxels a side around the map's origin
MOST_NODES, MOST_VOXELS = 500_000, 200_000  # read, and laid out; where they would be more, larger voxels are taken
CHILDREN = tuple(tuple(reversed(bits)) for bits in product((0, 1), repeat=3))  # x, y, z of child 0 to 7
FREE, OCCUPIED, INNER = 1, 2, 3  # of a child in the binary stream; 0: unknown


def octree_boxes(
    data: bytes,
    binary: bool,
    resolution: float,
    center: np.ndarray,
    radius: float,
    max_boxes: int,
    spheres: tuple[np.ndarray, np.ndarray],
) -> tuple[Obstacle, ...]:
    """Boxes in the map's frame that hold every occupied voxel nearer to `center` [3] m than `radius` m.

    spheres: centres [S, 3] m in the map's frame and radii [S] m of the robot, which joined boxes keep clear of.
    Raises GenModelsError(INVALID_OBSTACLE) for a stream that is none or too long, or a resolution that is none.
    """
    if not 1e-3 <= resolution <= 10:  # also for NaN
        raise GenModelsError(
            ErrorCode.INVALID_OBSTACLE, f"An octomap's resolution must be 1 mm to 10 m, not {resolution}."
        )
    leaves = occupied_leaves(data, binary)
    lower, upper = leaves[:, :3], leaves[:, :3] + leaves[:, 3:]
    middle, reach = center / resolution, radius / resolution
    gap = np.maximum(lower - middle, middle - upper).clip(min=0)
    near = np.linalg.norm(gap, axis=1) < reach
    box = np.floor(middle - reach).astype(int), np.ceil(middle + reach).astype(int)
    lower, upper = np.maximum(lower[near], box[0]), np.minimum(upper[near], box[1])
    if not len(lower):
        return ()
    factor = max(1, int(np.ceil(2 * reach / (2**BITS - 3))))
    while np.prod(-(-upper // factor) - lower // factor, axis=1).sum() > MOST_VOXELS:
        factor *= 2
    voxels = _laid_out(lower // factor, -(-upper // factor))
    return boxed(voxels, resolution * factor, max_boxes, *spheres).scene.obstacles


def occupied_leaves(data: bytes, binary: bool) -> np.ndarray:
    """[N, 4] of each occupied leaf: its lowest voxel, counted from the map's origin, and its side in voxels.

    data: what OcTree writes with writeBinaryData (free and occupied) or writeData (log odds; 0 and above is occupied).
    Raises GenModelsError(INVALID_OBSTACLE) for what is no such stream.
    """
    try:
        leaves, end = (_binary if binary else _full)(bytes(data))
    except struct.error as error:
        raise _broken("ends too early") from error
    if end != len(data):
        raise _broken("goes on after its end")
    return np.array(leaves, dtype=int).reshape(-1, 4)


def _full(data: bytes) -> tuple[list, int]:
    leaves, at, half = [], 0, 2 ** (DEPTH - 1)
    ahead = [(-half, -half, -half, 2 * half)]
    while ahead:
        x, y, z, side = ahead.pop()
        value, children = struct.unpack_from("<fB", data, at)
        at += 5
        if children == 0:
            if value >= 0:
                leaves.append((x, y, z, side))
            continue
        _check(side, at // 5)
        side //= 2
        ahead += [
            (x + side * i, y + side * j, z + side * k, side)
            for number, (i, j, k) in reversed(list(enumerate(CHILDREN)))
            if children >> number & 1
        ]
    return leaves, at


def _binary(data: bytes) -> tuple[list, int]:
    leaves, at, half = [], 0, 2 ** (DEPTH - 1)
    ahead = [(-half, -half, -half, 2 * half)]
    while ahead:
        x, y, z, side = ahead.pop()
        (children,) = struct.unpack_from("<H", data, at)
        at += 2
        _check(side, at // 2)
        side //= 2
        inner = []
        for number, (i, j, k) in enumerate(CHILDREN):
            kind, child = children >> 2 * number & 3, (x + side * i, y + side * j, z + side * k, side)
            if kind == OCCUPIED:
                leaves.append(child)
            elif kind == INNER:
                inner.append(child)
        ahead += reversed(inner)
    return leaves, at


def _check(side: int, count: int) -> None:
    if side <= 1:
        raise _broken("is deeper than 16 levels")
    if count > MOST_NODES:
        raise _broken(f"has more than {MOST_NODES} nodes: take a coarser resolution")


def _broken(why: str) -> GenModelsError:
    return GenModelsError(ErrorCode.INVALID_OBSTACLE, f"The octomap's data {why}.")


def _laid_out(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The voxels [V, 3] of boxes between corners [B, 3], upper exclusive."""
    sides = upper - lower
    counts = sides.prod(axis=1)
    box = np.repeat(np.arange(len(lower)), counts)
    number = np.arange(len(box)) - np.repeat(np.cumsum(counts) - counts, counts)
    x, rest = np.divmod(number, (sides[:, 1] * sides[:, 2])[box])
    y, z = np.divmod(rest, sides[box, 2])
    return np.unique(lower[box] + np.stack([x, y, z], axis=1), axis=0)
