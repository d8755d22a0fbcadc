"""Motion that is measured is the motion there was."""

import pytest
import torch
from torch.nn.functional import interpolate

from genmodels_ros.models.camera_world_model.measured_motion import measure_motion
from genmodels_ros.models.camera_world_model.motion_field import pixel_grid, sample

GRID, SIZE = (16, 20), (64, 80)


@pytest.fixture(scope="module")
def image():
    rough = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(3))
    return interpolate(rough, SIZE, mode="bicubic", align_corners=False).clamp(0, 1)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.05, 0.0), (-0.1, 0.03), (0.08, -0.06)])
def test_a_shift_is_found(image, shift):
    true = torch.tensor(shift)[None, :, None, None]
    now = sample(image, pixel_grid(*SIZE, image) + true)
    flow, unexplained = measure_motion(now, image, GRID)
    error = (flow[..., 3:-3, 3:-3] - true).norm(dim=1)
    assert (error < 0.01).float().mean() > 0.9  # 0.4 pixels of 80 columns
    assert unexplained[..., 3:-3, 3:-3].mean() < 0.02


def test_an_approach_is_found(image):
    grid = pixel_grid(*SIZE, image)
    now = sample(image, 0.92 * grid)
    flow, _ = measure_motion(now, image, GRID)
    true = -0.08 * pixel_grid(*GRID, image)
    assert (flow - true)[..., 3:-3, 3:-3].abs().mean() < 0.008


def test_where_nothing_can_be_seen_nothing_moves():
    dark = torch.zeros(2, 3, *SIZE)
    flow, unexplained = measure_motion(dark, dark, GRID)
    assert (flow == 0).all() and (unexplained == 0).all()
