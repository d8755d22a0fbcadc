import pytest
import torch

from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.gan.inpainter import HoleDiscriminator, ImageCompletionGAN, Inpainter
from genmodels_ros.models.gan.pull_push import pull_push


def lively(seed=0):
    """A network with weights large enough to paint visibly."""
    torch.manual_seed(seed)
    network = Inpainter(width=16)
    with torch.no_grad():
        network.to_image.weight.mul_(200)
    return network.requires_grad_(False)


def scene(seed=0):
    rng = torch.Generator().manual_seed(seed)
    image, hole = torch.rand(1, 3, 48, 64, generator=rng), torch.zeros(1, 1, 48, 64)
    hole[..., 12:30, 20:44] = 1
    return image, hole, torch.randn(1, 1, 48, 64, generator=rng)


def test_outside_the_hole_the_image_is_returned_bit_for_bit():
    image, hole, eps = scene()
    completed = lively()(image, hole, eps)
    outside = (hole == 0).expand_as(image)
    assert torch.equal(completed[outside], image[outside])
    assert not torch.allclose(completed[~outside], pull_push(image, 1 - hole)[~outside], atol=1e-3)


def test_what_lay_in_the_hole_has_no_influence():
    image, hole, eps = scene()
    network = lively()
    hidden = torch.where(hole > 0, torch.rand_like(image), image)
    assert torch.equal(network(image, hole, eps), network(hidden, hole, eps))


def test_the_noise_inside_the_hole_decides_and_that_outside_does_not():
    image, hole, eps = scene()
    network = lively()
    one = network(image, hole, eps)
    assert not torch.equal(one, network(image, hole, -eps))
    assert torch.equal(one, network(image, hole, torch.where(hole > 0, eps, -eps)))


def test_a_new_network_is_nearly_the_smooth_filling():
    image, hole, eps = scene()
    torch.manual_seed(0)
    residual, filled = Inpainter(width=16).residual(image, hole, eps)
    assert residual.abs().max() < 0.02
    assert torch.equal(filled, pull_push(image, 1 - hole))


def test_the_network_sees_across_a_large_hole():
    image, hole = torch.rand(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    hole[..., 8:56, 8:56] = 1
    image.requires_grad_(True)
    residual, _ = lively().residual(image, hole, torch.zeros_like(hole))
    (gradient,) = torch.autograd.grad(residual[..., 32, 32].sum(), image)
    for side in (gradient[..., :8, :], gradient[..., 56:, :], gradient[..., :8], gradient[..., 56:]):
        assert side.abs().max() > 0


def test_the_shipped_width_has_between_three_and_six_hundred_thousand_parameters():
    assert 3e5 < sum(parameter.numel() for parameter in Inpainter().parameters()) < 6e5


def test_the_discriminator_judges_patches_and_knows_the_hole():
    image, hole, _ = scene()
    discriminator = HoleDiscriminator(width=8)
    assert discriminator(image, hole).shape == (1, 6, 8)
    assert not torch.equal(discriminator(image, hole), discriminator(image, 1 - hole))


@pytest.mark.parametrize("discriminator_width", (0, 8))
def test_a_checkpoint_comes_back_as_it_was(tmp_path, discriminator_width):
    config = {"width": 16, "discriminator_width": discriminator_width}
    model = ImageCompletionGAN(**config)
    save_checkpoint(tmp_path, model, Card(model="image_completion_gan", config=config))
    again, _ = load_checkpoint(tmp_path, "image_completion_gan")
    image, hole, eps = scene()
    with torch.no_grad():
        assert torch.equal(model.generator(image, hole, eps), again.generator(image, hole, eps))
