import torch

from genmodels_ros.training.camera.augmenter_losses import (
    cast_roughness,
    clamp_straight_through,
    coarse,
    detail,
    grid_roughness,
    spread,
    structure_loss,
)


def test_structure_is_free_for_contrast_and_dear_for_moved_edges():
    image = torch.rand(2, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    assert structure_loss(image, 0.3 * image + 0.2) < 1e-3
    assert structure_loss(image, image.roll(2, dims=-1)) > 0.8
    assert structure_loss(image, 1 - image) > 1.9


def test_detail_is_blind_to_tint_and_coarse_to_what_is_fine():
    image = torch.rand(2, 3, 40, 48, generator=torch.Generator().manual_seed(0))
    tint = torch.tensor([0.2, -0.1, 0.0]).view(1, 3, 1, 1)
    assert torch.allclose(detail(image + tint), detail(image), atol=1e-5)
    assert torch.allclose(detail(image) + coarse(image), image + 0.5, atol=1e-5)
    stripes = torch.tensor([0.0, 1.0]).repeat(24).expand(1, 3, 40, 48)
    assert coarse(stripes)[..., 8:-8].std() < 0.05 and detail(stripes).std() > 0.45


def test_a_flat_grid_is_smooth():
    assert grid_roughness(torch.ones(2, 12, 8, 6, 8)) == 0
    assert grid_roughness(torch.randn(2, 12, 8, 6, 8)) > 1


def test_light_may_change_from_place_to_place_and_its_tint_may_not():
    identity = torch.eye(3, 4).reshape(1, 12, 1, 1, 1)
    place = torch.linspace(0.2, 1, 8).view(1, 1, 1, 1, 8).expand(1, 1, 4, 6, 8)
    light = identity * place
    haze = light.unflatten(1, (3, 4)).clone()
    haze[:, :, 3] += 0.8 * (1 - place)
    tinted = torch.tensor([1.2, 1.0, 0.7]).repeat_interleave(4).view(1, 12, 1, 1, 1)
    assert cast_roughness(light) < 1e-12 and cast_roughness(haze.flatten(1, 2)) < 1e-12
    assert cast_roughness((identity * tinted).expand(1, 12, 4, 6, 8)) < 1e-12
    assert cast_roughness(light * tinted) > 1e-5


def test_spread_sees_light_and_not_noise():
    image = torch.full((2, 3, 96, 128), 0.5)
    noise = 0.2 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    assert spread(image, image + noise).max() < 0.02
    assert torch.allclose(spread(image, image + 0.1), torch.tensor(0.1), atol=1e-6)
    reduced = torch.full((2, 3, 24, 32), 0.8)
    assert torch.allclose(spread(image, reduced, 4), torch.tensor(0.3), atol=1e-6)


def test_clipping_passes_the_gradient_on():
    image = torch.tensor([-0.5, 0.3, 1.5], requires_grad=True)
    clipped = clamp_straight_through(image)
    assert torch.allclose(clipped, torch.tensor([0.0, 0.3, 1.0]))
    clipped.sum().backward()
    assert image.grad.tolist() == [1, 1, 1]
