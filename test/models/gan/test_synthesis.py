import pytest
import torch

from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN, ResidualBlock


def model(labels=(), channels=(16, 16, 16), **options):
    torch.manual_seed(0)
    return ImageSynthesisGAN(16, 24, labels, latent=6, channels=channels, discriminator=True, **options)


def test_a_new_block_is_the_identity():
    x = torch.randn(2, 32, 5, 7)
    assert torch.equal(ResidualBlock(32)(x), x)


@pytest.mark.parametrize("labels", [(), (0, 3, 7)])
def test_pictures_and_masks_have_the_size_asked_for(labels):
    gan = model(labels)
    painted = gan.generator(torch.randn(3, 6))
    assert painted.shape == (3, 3 + len(labels), 16, 24)
    if labels:
        assert torch.allclose(painted[:, 3:].sum(1), torch.ones(3, 16, 24))
    assert gan.discriminator(painted).shape == (3, 1)


def test_the_finest_level_paints_and_judges_squares_of_pixels():
    gan, calls = model((0, 1), channels=(16, 16), patch=4), []
    gan.generator.blocks[-1].register_forward_hook(lambda *call: calls.append(call[-1].shape[-2:]))
    painted = gan.generator(torch.randn(3, 6))
    assert painted.shape == (3, 5, 16, 24) and calls == [(4, 6)]
    gan.generator.paint.weight.data[:] = 0  # what is left is the bias: one value for each place in a square
    flat = gan.generator(torch.randn(1, 6))[0, 0]
    assert torch.equal(flat[:4, :4], flat[4:8, 12:16]) and len(flat[:4, :4].unique()) == 16
    assert gan.discriminator(painted).shape == (3, 1)


def test_every_weight_learns():
    gan = model((0, 1))
    for block in (*gan.generator.blocks, *gan.discriminator.blocks):
        torch.nn.init.normal_(block.last.weight, std=0.1)  # a block that is the identity passes nothing to its layers
    gan.discriminator(gan.generator(torch.randn(2, 6))).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in gan.parameters())


def test_the_discriminator_sees_the_mask():
    gan = model((0, 1))
    painted = gan.generator(torch.randn(2, 6))
    swapped = painted[:, [0, 1, 2, 4, 3]]
    assert not torch.allclose(gan.discriminator(painted), gan.discriminator(swapped))


def test_the_shipped_config_holds_no_discriminator():
    gan = ImageSynthesisGAN.from_config({"height": 16, "width": 24, "labels": [0, 1], "channels": [16, 16]})
    assert not hasattr(gan, "discriminator") and gan.labels == (0, 1)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_the_discriminator_sees_every_pixel(patch):
    gan = model((0, 1), channels=(16, 16), patch=patch)
    images = torch.rand(1, 5, 16, 24, requires_grad=True)
    gan.discriminator(images).sum().backward()
    assert (images.grad != 0).all()


@pytest.mark.parametrize(("height", "width"), [(18, 24), (16, 0), (16, 30)])
@pytest.mark.parametrize("shape", [{"channels": (16, 16, 16)}, {"channels": (16, 16), "patch": 2}])
def test_sizes_that_cannot_be_halved_are_refused(height, width, shape):
    with pytest.raises(ValueError, match="multiples of 4"):
        ImageSynthesisGAN(height, width, **shape)
