import pytest
import torch

from genmodels_ros.models.gan import Discriminator, Generator, ImageTranslationGAN


def lively_generator(seed=0):
    """A generator with weights large enough to change an image visibly."""
    torch.manual_seed(seed)
    generator = Generator(3)
    with torch.no_grad():
        for layer in (generator.to_grid, generator.to_guide, generator.to_noise):
            layer.weight.add_(torch.randn_like(layer.weight) * 0.03)
    return generator.requires_grad_(False)


def codes(batch, seed=0):
    return torch.randn(batch, 8, generator=torch.Generator().manual_seed(seed))


def test_a_new_generator_is_nearly_the_identity():
    torch.manual_seed(0)
    image = torch.rand(2, 3, 24, 32)
    with torch.no_grad():
        transform = Generator(2).transform(image, torch.tensor([0, 1]), codes(2))
    assert (transform.apply(image) - image).abs().max() < 0.02
    assert transform.noise.max() < 0.01


def test_style_and_code_change_the_transform():
    generator, image = lively_generator(), torch.rand(1, 3, 24, 32)
    one, other_style = (generator.transform(image, torch.tensor([s]), codes(1)).apply(image) for s in (0, 1))
    other_code = generator.transform(image, torch.tensor([0]), codes(1, seed=9)).apply(image)
    assert (one - other_style).abs().mean() > 1e-3
    assert (one - other_code).abs().mean() > 1e-3


def test_given_the_transform_each_pixel_depends_on_itself_alone():
    generator, image = lively_generator(), torch.rand(1, 3, 24, 32)
    transform = generator.transform(image, torch.tensor([0]), codes(1))
    touched = image.clone()
    touched[:, :, 10, 20] = 1 - touched[:, :, 10, 20]
    change = (transform.apply(touched) - transform.apply(image)).abs().sum(dim=1)[0]
    assert change[10, 20] > 0.05
    change[10, 20] = 0
    assert change.max() == 0


@pytest.mark.parametrize("column", [5, 40, 77, 120])
def test_an_edge_stays_where_it_is(column):
    image = torch.full((1, 3, 96, 128), 0.2)
    image[..., column:] = 0.8
    result = lively_generator().transform(image, torch.tensor([2]), codes(1)).apply(image)
    steps = result.mean(dim=(0, 1)).diff(dim=1).abs()
    assert (steps.argmax(dim=1) == column - 1).all()


def test_blending_runs_from_the_identity_to_the_whole_transform():
    generator, image = lively_generator(), torch.rand(1, 3, 24, 32)
    transform = generator.transform(image, torch.tensor([0]), codes(1))
    assert torch.allclose(transform.blended(0.0).apply(image), image, atol=1e-6)
    assert transform.blended(0.0).noise.max() == 0
    assert torch.allclose(transform.blended(1.0).apply(image), transform.apply(image), atol=1e-6)
    half = 0.5 * (image + transform.apply(image))
    assert torch.allclose(transform.blended(0.5).apply(image), half, atol=1e-5)


def test_noise_grows_with_brightness_as_shot_noise_does():
    generator, image = lively_generator(), torch.rand(1, 3, 24, 32)
    transform = generator.transform(image, torch.tensor([0]), codes(1))
    read, shot = transform.noise[0]
    flat = torch.tensor([0.0, 0.25, 1.0]).view(1, 1, 1, 3).expand(1, 3, 40000, 3)
    eps = torch.randn(flat.shape, generator=torch.Generator().manual_seed(0))
    measured = (transform.add_noise(flat, eps) - flat).std(dim=(0, 1, 2))
    expected = torch.sqrt(read**2 + shot**2 * torch.tensor([0.0, 0.25, 1.0]))
    assert torch.allclose(measured, expected, rtol=0.02)


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (480, 640)])
def test_any_size_goes_in_and_comes_out(size):
    image = torch.rand(1, 3, *size)
    assert lively_generator()(image, torch.tensor([0]), codes(1), torch.zeros_like(image)).shape == image.shape


def test_the_discriminator_is_conditioned_by_projection():
    torch.manual_seed(0)
    discriminator, image = Discriminator(2), torch.rand(1, 3, 96, 128)
    with torch.no_grad():
        first, second = (discriminator(image, torch.tensor([s])) for s in (0, 1))
        assert first.shape == (1, 6, 8) and not torch.allclose(first, second)
        discriminator.embedding.weight.zero_()
        assert torch.equal(*(discriminator(image, torch.tensor([s])) for s in (0, 1)))


@pytest.mark.parametrize(("layers", "patch"), [(3, 22), (4, 46)])
def test_fewer_layers_judge_narrower_patches(layers, patch):
    torch.manual_seed(0)
    image = torch.rand(1, 3, 96, 128, requires_grad=True)
    logits = Discriminator(1, layers=layers)(image, torch.tensor([0]))
    logits[0, logits.shape[1] // 2, logits.shape[2] // 2].backward()
    assert int(image.grad.abs().sum(dim=(0, 1, 2)).count_nonzero()) == patch


def test_the_shipped_form_holds_the_generator_alone():
    shipped = ImageTranslationGAN.from_config({"styles": ["night", "fog"]})
    training = ImageTranslationGAN.from_config({"styles": ["night", "fog"], "discriminator_width": 16})
    assert {name.split(".")[0] for name in shipped.state_dict()} == {"generator"}
    assert {name.split(".")[0] for name in training.state_dict()} == {"generator", "discriminator"}
