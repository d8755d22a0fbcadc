"""Laws of image motion on coarse grids."""

import torch

from genmodels_ros.models.camera_world_model.motion_field import (
    TERMS,
    compose,
    enlarge_positions,
    inside,
    motion_field,
    pixel_grid,
    quadratic_fit,
    sample,
)

GRID = (16, 20)


def field(seed: int = 0, size: float = 0.05) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    coefficients = size * torch.randn(2, 1, 2, TERMS, generator=rng)
    return motion_field(torch.ones(2, 1, *GRID), coefficients)


def test_sampling_at_the_pixels_changes_nothing_at_any_size():
    image = torch.rand(1, 3, 33, 47)
    positions = enlarge_positions(pixel_grid(*GRID, image), 33, 47)
    assert torch.allclose(sample(image, positions), image, atol=1e-5)


def test_steps_of_the_same_shift_add_up():
    grid = pixel_grid(*GRID, torch.zeros(1))
    shift = torch.tensor([0.1, -0.05])[None, :, None, None].expand(1, 2, *GRID)
    positions = grid + shift
    for _ in range(4):
        positions = compose(positions, shift)
    assert torch.allclose(positions - grid, 5 * shift, atol=1e-5)


def test_composition_is_that_of_the_maps():
    # A dilation by 1.1 about the middle, twice, is one by 1.21.
    grid = pixel_grid(*GRID, torch.zeros(1))
    twice = compose(1.1 * grid, 0.1 * grid)
    inner = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    assert torch.allclose(twice[inner], (1.21 * grid)[inner], atol=1e-5)


def test_the_fit_finds_the_coefficients_of_a_quadratic_field():
    coefficients = torch.randn(3, 1, 2, TERMS, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(
        quadratic_fit(motion_field(torch.ones(3, 1, *GRID), coefficients)), coefficients[:, 0], atol=1e-4
    )


def test_motion_is_linear_in_weights():
    coefficients = torch.randn(1, 2, 2, TERMS, generator=torch.Generator().manual_seed(1))
    weights = torch.rand(1, 2, *GRID)
    each = [
        motion_field(weights * torch.tensor(pick)[None, :, None, None], coefficients) for pick in ([1.0, 0], [0, 1.0])
    ]
    assert torch.allclose(motion_field(weights, coefficients), sum(each), atol=1e-5)


def test_inside_is_one_within_and_zero_far_out():
    grid = pixel_grid(*GRID, torch.zeros(1))
    assert (inside(grid) == 1).all() and (inside(grid + 2.2) == 0).all()
