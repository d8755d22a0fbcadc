import pytest
import torch
import torch.nn.functional as F

from genmodels_ros.training.camera.cell_pattern import SHOWS, cell_pattern


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("side", [2, 4])
def test_pictures_without_cells_have_no_pattern(side):
    for picture in (noise(8, 3, 96, 128), F.avg_pool2d(noise(8, 3, 100, 132), 5, 1), torch.full((1, 3, 32, 32), 0.4)):
        assert abs(cell_pattern(picture, side)) < SHOWS / 2


@pytest.mark.parametrize("side", [2, 4])
def test_a_grid_is_seen_whether_it_is_the_same_in_all_cells_or_not(side):
    smooth = F.avg_pool2d(noise(8, 3, 100, 132), 5, 1)
    grid = 0.1 * noise(1, 3, side, side, seed=1).repeat(1, 1, 96 // side, 128 // side)
    blocks = 0.1 * noise(8, 3, 96 // side, 128 // side, seed=2).repeat_interleave(side, -1).repeat_interleave(side, -2)
    assert cell_pattern(smooth + grid, side) > SHOWS and cell_pattern(smooth + blocks, side) > SHOWS


def test_a_picture_smaller_than_a_cell_has_none():
    assert cell_pattern(noise(1, 3, 3, 3), 4) == 0


def test_light_that_fades_over_the_picture_is_no_grid():
    ramp = torch.linspace(0, 1, 128).view(1, 1, 1, 128) * torch.linspace(0.5, 1, 96).view(1, 1, 96, 1)
    assert cell_pattern(ramp.expand(2, 3, 96, 128), 4) < SHOWS / 2


def test_a_checkerboard_is_a_grid_though_all_its_differences_are_alike():
    board = (torch.arange(96)[:, None] + torch.arange(128)) % 2
    assert cell_pattern(0.5 + 0.01 * board.expand(2, 3, 96, 128).float(), 2) > SHOWS
