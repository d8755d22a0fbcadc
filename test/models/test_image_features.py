import torch

from genmodels_ros.models.image_features import image_features


def pictures(count, size=(96, 128)):
    return torch.randint(0, 256, (count, 3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_bytes_and_floats_of_one_image_have_one_feature():
    images = pictures(2)
    assert torch.allclose(image_features(images), image_features(images.float() / 255))


def test_an_image_does_not_depend_on_its_batch():
    images = pictures(70, (12, 16))
    assert torch.allclose(image_features(images)[66:], image_features(images[66:]), atol=1e-5)


def test_light_colour_and_noise_show():
    grey = torch.full((1, 3, 96, 128), 0.5)
    noisy = grey + 0.1 * torch.randn(grey.shape, generator=torch.Generator().manual_seed(1))
    red = grey * torch.tensor([1.2, 0.9, 0.9]).view(1, 3, 1, 1)
    for other in (0.5 * grey, noisy, red):
        assert (image_features(other) - image_features(grey)).norm() > 0.1 * image_features(grey).norm()
