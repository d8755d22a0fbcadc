"""Occupied voxels of an octomap lie in boxes, free and unknown ones do not; what is no octomap is refused."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.scene.octree import occupied_leaves, octree_boxes

NOBODY = np.zeros((0, 3)), np.zeros(0)
CHILDREN = [(number & 1, number >> 1 & 1, number >> 2 & 1) for number in range(8)]  # octomap's computeChildIdx
CONVERT = Path(sys.executable).parent / "convert_octree"  # octomap's own tool, where a wheel brings it


def tree(occupied: set, free: set):
    """Of these voxels, each (i, j, k), pruned where all eight children are alike."""
    return _node({tuple(np.add(voxel, 2**15)): voxel in occupied for voxel in occupied | free}, 2**16)


def encoded(occupied: set, free: set, binary: bool) -> bytes:
    """The stream of that tree."""
    return _write(tree(occupied, free), binary)


def size(node) -> int:
    """Of a tree, in nodes."""
    return 1 + sum(size(child) for child in node if child is not None) if isinstance(node, list) else 1


def _node(voxels: dict, side: int):
    """True occupied, False free, or the eight children (None: unknown)."""
    if side == 1:
        return next(iter(voxels.values()))
    side //= 2
    children = []
    for bits in CHILDREN:
        mine = {
            tuple(np.subtract(v, np.multiply(bits, side))): kind
            for v, kind in voxels.items()
            if tuple((np.array(v) >= side).astype(int)) == bits
        }
        children.append(_node(mine, side) if mine else None)
    return (
        children[0] if isinstance(children[0], bool) and all(child is children[0] for child in children) else children
    )


def _write(node, binary: bool) -> bytes:
    if not binary:
        if isinstance(node, bool):
            return struct.pack("<fB", 0.85 if node else -0.4, 0)
        mask = sum(1 << number for number, child in enumerate(node) if child is not None)
        return struct.pack("<fB", 0.0, mask) + b"".join(_write(child, False) for child in node if child is not None)
    kinds = [0 if child is None else 3 if isinstance(child, list) else 2 if child else 1 for child in node]
    word = sum(kind << 2 * number for number, kind in enumerate(kinds))
    return struct.pack("<H", word) + b"".join(_write(child, True) for child in node if isinstance(child, list))


def block(lower, upper) -> set:
    return {
        (i, j, k)
        for i in range(lower[0], upper[0])
        for j in range(lower[1], upper[1])
        for k in range(lower[2], upper[2])
    }


WALL, ROOM = block((8, -6, 0), (9, 6, 10)), block((0, -6, 0), (8, 6, 10))


def voxels_of(leaves) -> set:
    return {
        (x + i, y + j, z + k)
        for x, y, z, side in leaves.tolist()
        for i in range(side)
        for j in range(side)
        for k in range(side)
    }


@pytest.mark.parametrize("binary", [True, False])
def test_leaves_are_the_occupied_voxels(binary):
    cube = block((-8, -8, -8), (-4, -4, -4))  # a whole branch of the tree
    leaves = occupied_leaves(encoded(WALL | cube, ROOM, binary), binary)
    assert voxels_of(leaves) == WALL | cube
    assert len(leaves) < len(WALL) + len(cube) and max(leaves[:, 3]) == 4


@pytest.mark.skipif(not CONVERT.exists(), reason="octomap's convert_octree is not installed")
def test_octomap_itself_reads_and_writes_the_same(tmp_path):
    data = encoded(WALL, ROOM, True)
    head = f"# Octomap OcTree binary file\nid OcTree\nsize {size(tree(WALL, ROOM))}\nres 0.05\ndata\n"
    (tmp_path / "map.bt").write_bytes(head.encode() + data)
    done = subprocess.run([CONVERT, tmp_path / "map.bt", tmp_path / "map.ot"], capture_output=True, check=False)
    assert (tmp_path / "map.ot").exists(), done.stderr
    full = (tmp_path / "map.ot").read_bytes().split(b"\ndata\n", 1)[1]
    assert voxels_of(occupied_leaves(full, False)) == WALL


def depths(boxes, points) -> np.ndarray:
    """Distance of points [N, 3] to the nearest of axis-aligned boxes; 0 inside."""
    gaps = [np.linalg.norm((np.abs(points - box.center) - box.dims / 2).clip(min=0), axis=1) for box in boxes]
    return np.min(gaps, axis=0)


@pytest.mark.parametrize("binary", [True, False])
def test_boxes_hold_the_occupied_voxels_and_little_else(binary):
    boxes = octree_boxes(encoded(WALL, ROOM, binary), binary, 0.05, np.zeros(3), 1.5, 50, NOBODY)
    middle = lambda voxels: (np.array(sorted(voxels)) + 0.5) * 0.05  # noqa: E731
    assert len(boxes) == 1 and depths(boxes, middle(WALL)).max() == 0
    assert depths(boxes, middle(ROOM)).min() > 0.02


def test_what_is_out_of_reach_is_left_out_and_huge_leaves_are_cut():
    everything = struct.pack("<H", 2 << 14)  # one octant of the whole map is occupied
    boxes = octree_boxes(everything, True, 0.05, np.zeros(3), 1.5, 20, NOBODY)
    assert all((np.abs(box.center) + box.dims / 2 <= 1.8).all() for box in boxes)
    points = np.random.default_rng(0).uniform(0, 0.8, (100, 3))
    assert depths(boxes, points).max() == 0 and depths(boxes, -points - 0.01).min() > 0
    far = octree_boxes(encoded(WALL, ROOM, True), True, 0.05, np.array([5.0, 0, 0]), 1.0, 20, NOBODY)
    assert far == ()
    assert octree_boxes(everything, True, 1e-3, np.zeros(3), 1.5, 20, NOBODY), "millimetres do not fill the memory"


def test_joined_boxes_keep_clear_of_the_robot():
    rng = np.random.default_rng(0)
    dust = {tuple(v) for v in rng.integers(-20, 20, (400, 3)).tolist() if np.linalg.norm(v) > 8}
    data, robot = encoded(dust, set(), True), (np.zeros((1, 3)), np.array([0.3]))
    boxes = octree_boxes(data, True, 0.05, np.zeros(3), 2.0, 10, robot)
    assert depths(boxes, (np.array(sorted(dust)) + 0.5) * 0.05).max() == 0
    assert depths(boxes, np.zeros((1, 3))).min() > 0.3
    assert len(octree_boxes(data, True, 0.05, np.zeros(3), 2.0, 10, NOBODY)) <= 10


GOOD = encoded(WALL, ROOM, True)
WRONG = {
    "nothing": (b"", True, 0.05),
    "cut off": (GOOD[:-1], True, 0.05),
    "more than all": (GOOD + b"\x00\x00", True, 0.05),
    "the other kind": (GOOD, False, 0.05),
    "too deep": (b"\x03\x00" * 40, True, 0.05),
    "too deep in full": (struct.pack("<fB", 0.0, 1) * 40, False, 0.05),
    "no resolution": (GOOD, True, 0.0),
    "NaN resolution": (GOOD, True, float("nan")),
}


@pytest.mark.parametrize(("data", "binary", "resolution"), WRONG.values(), ids=WRONG)
def test_what_is_no_octomap_is_refused(data, binary, resolution):
    with pytest.raises(GenModelsError) as error:
        octree_boxes(data, binary, resolution, np.zeros(3), 1.5, 50, NOBODY)
    assert error.value.code == ErrorCode.INVALID_OBSTACLE and error.value.message.endswith(".")


def test_any_bytes_are_refused_or_read():
    rng = np.random.default_rng(1)
    for _ in range(200):
        data = rng.bytes(int(rng.integers(0, 60)))
        for binary in (True, False):
            try:
                occupied_leaves(data, binary)
            except GenModelsError as error:
                assert error.code == ErrorCode.INVALID_OBSTACLE
