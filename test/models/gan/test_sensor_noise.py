"""Noise in linear light: the curve between light and picture, and where the noise shows."""

import pytest
import torch

from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.models.gan.sensor_noise import BLACK_SLOPE, decode, encode, expose

GREYS = torch.tensor([0.02, 0.1, 0.3, 0.6])


def spreads(noise: list[float], greys: torch.Tensor = GREYS) -> torch.Tensor:
    """Standard deviations of what a sensor with this (read, shot) noise records of even greys."""
    flat = greys.view(1, 1, 1, -1).expand(1, 3, 60000, -1)
    eps = torch.randn(flat.shape, generator=torch.Generator().manual_seed(0))
    return (expose(flat, torch.tensor([noise]), eps) - flat).std(dim=(0, 1, 2))


def test_encoding_undoes_decoding():
    x = torch.linspace(-0.5, 1.5, 201, dtype=torch.float64)
    assert torch.allclose(encode(decode(x)), x, atol=1e-6)
    assert torch.allclose(decode(torch.tensor([0.0, 1.0])), torch.tensor([0.0, 1.0]), atol=1e-6)


def test_the_curve_is_about_that_of_a_camera():
    x = torch.linspace(0, 1, 101)
    assert (encode(x) - x ** (1 / 2.2)).abs().max() < 0.07


def test_the_slope_at_black_is_finite_and_goes_on_beyond_it():
    for at in (-0.01, -1e-6, 1e-6):
        light = torch.tensor(at, requires_grad=True)
        encode(light).backward()
        assert light.grad == pytest.approx(BLACK_SLOPE, rel=1e-2)


def test_read_noise_shows_most_in_the_dark():
    dark_to_bright = spreads([0.005, 0.0])
    assert (dark_to_bright.diff() < 0).all() and dark_to_bright[0] > 4 * dark_to_bright[-1]


def test_shot_noise_shows_alike_at_all_greys_that_a_root_encodes():
    measured = spreads([0.0, 0.02], torch.tensor([0.3, 0.6, 0.9]))
    assert measured.max() < 1.2 * measured.min()


def test_noise_is_what_light_and_its_deviation_say():
    grey, read, shot = torch.tensor([0.5]), 0.004, 0.01
    light = decode(grey)
    slope = (encode(light + 1e-3) - encode(light - 1e-3)) / 2e-3
    assert torch.allclose(spreads([read, shot], grey), slope * torch.sqrt(read**2 + shot**2 * light), rtol=0.02)


def test_without_noise_nothing_changes():
    image = torch.rand(2, 3, 8, 8) * 1.4 - 0.2
    assert torch.allclose(expose(image, torch.zeros(2, 2), torch.randn(2, 3, 8, 8)), image, atol=1e-4)


@pytest.mark.parametrize("network", ["bilateral", "translator"])
def test_a_network_says_where_its_noise_goes(network):
    image, code, eps = torch.full((1, 3, 24, 32), 0.05), torch.zeros(1, 8), torch.ones(1, 3, 24, 32)
    made = []
    for linear in (False, True):
        torch.manual_seed(0)
        model = ImageTranslationGAN(("night",), network=network, linear_noise=linear).generator
        made.append(model(image, torch.tensor([0]), code, eps).mean() - 0.05)
    assert made[1] > 2 * made[0] > 0
