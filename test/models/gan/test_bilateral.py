import numpy as np
import torch

from genmodels_ros.models.gan.bilateral import apply_transforms, identity_transform, image_rows, slice_grid


def naive_slice(grid, guide):
    """Trilinear interpolation as written on paper, one pixel after the other."""
    channels, depth, grid_height, grid_width = grid.shape
    height, width = guide.shape
    result = np.zeros((channels, height, width))
    for i in range(height):
        for j in range(width):
            position = (
                guide[i, j] * (depth - 1),
                i / max(1, height - 1) * (grid_height - 1),
                j / max(1, width - 1) * (grid_width - 1),
            )
            for d in range(depth):
                for y in range(grid_height):
                    for x in range(grid_width):
                        weights = [max(0.0, 1 - abs(p - v)) for p, v in zip(position, (d, y, x), strict=True)]
                        result[:, i, j] += np.prod(weights) * grid[:, d, y, x]
    return result


def test_slice_equals_the_textbook_definition():
    rng = torch.Generator().manual_seed(0)
    grid, guide = torch.randn(2, 3, 4, 3, 5, generator=rng), torch.rand(2, 7, 11, generator=rng)
    sliced = slice_grid(grid, guide)
    for k in range(2):
        assert np.allclose(sliced[k], naive_slice(grid[k].numpy(), guide[k].numpy()), atol=1e-5)


def test_a_guide_beyond_its_range_takes_the_outermost_plane():
    grid = torch.arange(4.0).view(1, 1, 4, 1, 1)
    assert slice_grid(grid, torch.tensor([[[-3.0, 0.0, 1.0, 9.0]]])).flatten().tolist() == [0, 0, 3, 3]


def test_bands_of_an_image_equal_the_image():
    rng = torch.Generator().manual_seed(1)
    grid, guide = torch.randn(1, 12, 8, 6, 8, generator=rng), torch.rand(1, 37, 20, generator=rng)
    rows = image_rows(37)
    bands = [slice_grid(grid, guide[:, i : i + 10], rows[i : i + 10]) for i in range(0, 37, 10)]
    assert torch.allclose(torch.cat(bands, dim=2), slice_grid(grid, guide), atol=1e-5)


def test_the_identity_changes_nothing_and_a_transform_is_a_matrix_product():
    rng = torch.Generator().manual_seed(2)
    image = torch.rand(1, 3, 4, 5, generator=rng)
    identity = identity_transform().view(1, 12, 1, 1).expand(1, 12, 4, 5)
    assert torch.equal(apply_transforms(identity, image), image)
    matrix = torch.randn(3, 4, generator=rng)
    result = apply_transforms(matrix.reshape(1, 12, 1, 1).expand(1, 12, 4, 5), image)
    pixel = torch.cat([image[0, :, 2, 3], torch.ones(1)])
    assert torch.allclose(result[0, :, 2, 3], matrix @ pixel, atol=1e-6)


def test_gradients_reach_grid_and_guide():
    grid = torch.randn(1, 2, 3, 2, 2, dtype=torch.double, requires_grad=True)
    guide = (0.1 + 0.05 * torch.arange(6, dtype=torch.double)).view(1, 2, 3).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda g, u: slice_grid(g, u, torch.tensor([0.2, 0.9], dtype=torch.double)), (grid, guide)
    )
