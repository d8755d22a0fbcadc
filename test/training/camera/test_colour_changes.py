import colorsys

import torch

from genmodels_ros.training.camera.colour_changes import contrasted, noisy, recoloured


def pictures(count=3):
    return torch.rand(count, 3, 5, 7, generator=torch.Generator().manual_seed(0))


def luma(images):
    return (images * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1)


def test_colour_turns_and_fades_and_luma_stays():
    images, hue = pictures(), torch.tensor([0.0, 0.4, -2.0])
    assert torch.allclose(recoloured(images, 0 * hue, torch.ones(3)), images, atol=1e-5)
    for saturation in (0.0, 0.5, 1.5):
        changed = recoloured(images, hue, torch.full((3,), saturation))
        assert torch.allclose(luma(changed), luma(images), atol=1e-4)
    grey = recoloured(images, hue, torch.zeros(3))
    assert (grey.amax(dim=1) - grey.amin(dim=1)).max() < 1e-4
    whole_turn = recoloured(images, torch.full((3,), 2 * torch.pi), torch.ones(3))
    assert torch.allclose(whole_turn, images, atol=1e-4)


def test_a_third_of_a_turn_leads_from_red_to_green_or_blue():
    red = torch.tensor([0.8, 0.2, 0.2]).view(1, 3, 1, 1)
    hues = [
        colorsys.rgb_to_hsv(*recoloured(red, torch.tensor([turn]), torch.ones(1)).clamp(0, 1).flatten().tolist())[0]
        for turn in (2 * torch.pi / 3, -2 * torch.pi / 3)
    ]
    assert any(abs(hue - 1 / 3) < 0.1 for hue in hues) and any(abs(hue - 2 / 3) < 0.1 for hue in hues)


def test_contrast_keeps_the_mean_of_each_image_and_noise_has_its_level():
    images, factor = pictures(), torch.tensor([0.0, 0.5, 2.0])
    changed = contrasted(images, factor)
    assert torch.allclose(changed.mean(dim=(1, 2, 3)), images.mean(dim=(1, 2, 3)), atol=1e-5)
    assert torch.allclose(changed.std(dim=(1, 2, 3)), factor * images.std(dim=(1, 2, 3)), atol=1e-5)
    eps = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(noisy(torch.zeros_like(eps), factor, eps).std(dim=(1, 2, 3)), factor, rtol=0.03)
