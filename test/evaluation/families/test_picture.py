"""What is drawn is where it is."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.families.picture import GAP, HEADER, MARK, SIDE, sheet


def cell(picture: np.ndarray, number: int) -> np.ndarray:
    """Where the mark's colour is, in the nth cell."""
    left = GAP + number * (SIDE + GAP)
    return np.abs(picture[HEADER : HEADER + SIDE, left : left + SIDE].astype(int) - MARK).sum(-1) < 60


def test_a_point_is_drawn_on_the_scale_of_the_data_and_what_is_off_it_is_not():
    square = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    picture = sheet({"data": square, "one": torch.tensor([[1.0, 1.0], [90.0, 0.0]])}, (2,))
    data, one = np.argwhere(cell(picture, 0)), np.argwhere(cell(picture, 1))
    assert 0 < len(one) < len(data) / 2
    row, column = one.mean(0)
    assert row < SIDE / 3 and column > 2 * SIDE / 3  # up and right


def test_many_columns_are_seen_from_where_they_differ_most():
    rng = torch.Generator().manual_seed(0)
    wide = torch.randn(300, 1, generator=rng) @ torch.ones(1, 6) + 0.01 * torch.randn(300, 6, generator=rng)
    rows, columns = np.argwhere(cell(sheet({"data": wide}, (6,)), 0)).T
    assert np.ptp(columns) > 0.6 * SIDE and np.ptp(rows) < 0.2 * SIDE


def test_a_path_starts_and_ends_where_it_deviates_by_nothing():
    path = torch.zeros(1, 5, 3)
    path[0, :, 1], path[0, :, 2] = torch.tensor([1.0, 2, 3, 2, 1]), torch.tensor([1.0, 2, 3, 2, 1])
    marked = np.argwhere(cell(sheet({"data": path.flatten(1)}, (5, 3), "paths"), 0))
    assert np.ptp(marked[:, 0]) > SIDE / 2 and np.ptp(marked[:, 1]) > SIDE / 2  # a diagonal


def test_a_round_room_is_a_circle_around_the_robot():
    ranges = torch.full((1, 40), 2.0).log()
    marked = np.argwhere(cell(sheet({"data": ranges}, (40,), "scans"), 0))
    middle = SIDE / 6
    radius = np.hypot(*(marked - middle).T)
    outline = radius[radius > 5]
    assert len(outline) > 50 and outline.std() < 1.5 and outline.mean() == pytest.approx(0.46 * SIDE / 3, abs=2)


@pytest.mark.parametrize(("shape", "draw"), [((4,), "paths"), ((2, 2), "scans"), ((4,), "stars")])
def test_what_cannot_be_drawn_so_is_refused(shape, draw):
    with pytest.raises(GenModelsError):
        sheet({"data": torch.zeros(3, 4)}, shape, draw)
