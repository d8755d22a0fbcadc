"""Voxels and boxes: nothing lost, nothing added, and never more boxes than allowed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genmodels_ros.robots.scene.voxels import carve, coarser, fill, merge, voxelise

grids = arrays(bool, st.tuples(*[st.integers(1, 7)] * 3))
shifts = st.tuples(*[st.integers(-2000, 2000)] * 3)


def filled(lower, upper) -> list[tuple]:
    """Every voxel of every box, as often as boxes hold it."""
    return [
        tuple(first + np.array(offset))
        for first, last in zip(lower, upper, strict=True)
        for offset in np.ndindex(*(last - first))
    ]


@given(grids, shifts)
@settings(deadline=None, max_examples=50)
def test_merged_boxes_hold_each_voxel_once_and_nothing_else(grid, shift):
    voxels = np.argwhere(grid) + shift
    held = filled(*merge(voxels))
    assert len(held) == len(set(held))
    assert set(held) == set(map(tuple, voxels))


def test_a_solid_block_is_one_box():
    voxels = np.argwhere(np.ones((3, 4, 5), dtype=bool)) - 2
    lower, upper = merge(np.random.default_rng(0).permutation(voxels))
    assert lower.tolist() == [[-2, -2, -2]] and upper.tolist() == [[1, 2, 3]]


@given(grids, st.integers(1, 5))
@settings(deadline=None, max_examples=50)
def test_filling_keeps_every_voxel_within_the_allowed_number_of_boxes(grid, count):
    voxels = np.argwhere(grid)
    lower, upper = fill(*merge(voxels), count)
    assert len(lower) <= count
    assert set(map(tuple, voxels)) <= set(filled(lower, upper))


def test_filling_joins_what_is_near():
    rows = [[0, 0, 0], [2, 0, 0], [50, 0, 0]]
    lower, upper = fill(*merge(np.array(rows)), 2)
    assert sorted(map(tuple, np.hstack([lower, upper]))) == [(0, 0, 0, 3, 1, 1), (50, 0, 0, 51, 1, 1)]


@pytest.mark.parametrize("spread", [1.0, 1e4])
def test_voxels_count_their_points(spread):
    points = np.random.default_rng(1).normal(size=(3, 2000)) * spread
    voxels, counts = voxelise(points, 0.25)
    expected, numbers = np.unique(np.floor(points.T / 0.25).astype(int), axis=0, return_counts=True)
    np.testing.assert_array_equal(voxels, expected)
    np.testing.assert_array_equal(counts, numbers)


@given(grids, shifts, st.integers(1, 4))
@settings(deadline=None, max_examples=50)
def test_coarser_voxels_hold_the_finer_ones(grid, shift, factor):
    voxels = np.argwhere(grid) + shift
    expected = {tuple(row) for row in np.floor_divide(voxels, factor)}
    assert sorted(map(tuple, coarser(voxels, factor))) == sorted(expected)


@given(grids, st.tuples(*[st.integers(0, 6)] * 3))
@settings(deadline=None, max_examples=50)
def test_carving_keeps_every_voxel_and_makes_room(grid, room):
    grid = grid.copy()
    if all(np.array(room) < grid.shape):
        grid[room] = False
    voxels = np.argwhere(grid)

    def blocked(lower, upper):
        return ((lower <= room) & (upper > room)).all(axis=1)

    lower, upper = carve(*fill(*merge(voxels), 2), voxels, blocked)
    assert not blocked(lower, upper).any()
    assert set(map(tuple, voxels)) <= set(filled(lower, upper))


def test_no_points_no_boxes():
    voxels, counts = voxelise(np.empty((3, 0)), 0.1)
    lower, upper = fill(*merge(coarser(voxels, 2)), 3)
    assert voxels.shape == lower.shape == upper.shape == (0, 3) and len(counts) == 0


def test_boxes_of_an_absurd_extent_are_refused():
    with pytest.raises(ValueError, match="crop"):
        merge(np.array([[0, 0, 0], [5000, 0, 0]]))
