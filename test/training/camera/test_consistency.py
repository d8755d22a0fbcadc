import math

import pytest
import torch
import torch.nn.functional as F

from genmodels_ros.models.gan import Generator
from genmodels_ros.training.camera.consistency import CONSISTENCIES, Contrastive, Cycle, make_consistency, patch_nce


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_patches_in_their_place_cost_less_than_shuffled_ones():
    features = F.normalize(torch.randn(2, 32, 16, generator=rng()), dim=-1)
    aligned, shuffled = (
        patch_nce(features, features),
        patch_nce(features[:, torch.randperm(32, generator=rng())], features),
    )
    assert aligned < 0.1 < shuffled
    assert patch_nce(torch.zeros(2, 32, 16), features) == pytest.approx(math.log(32))


def test_the_encoder_learns_to_tell_places_apart():
    torch.manual_seed(0)
    tie, images = Contrastive(width=8, features=16, patches=16), torch.rand(2, 3, 32, 32, generator=rng())
    optimizer = torch.optim.Adam(tie.parameters(), 1e-2)
    darker = 0.5 * images
    before = float(tie(images, darker, rng()).detach())
    for step in range(20):
        loss = tie(images, darker, rng(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        after, moved = (float(tie(images, shown, rng())) for shown in (darker, darker.roll(8, dims=-1)))
    assert after < 0.7 * before and after < moved


class Gain(torch.nn.Module):
    """A 'generator' that multiplies."""

    latent = 8

    def __init__(self, gain):
        super().__init__()
        self.gain = gain

    def transform(self, image, style, z):
        return self

    def apply(self, image):
        return self.gain * image


def test_an_inverse_pair_closes_the_cycle():
    image = torch.rand(2, 3, 8, 8, generator=rng())
    assert Cycle(Gain(4.0))(image, 0.25 * image, rng()) == 0
    assert Cycle(Gain(1.0))(image, 0.25 * image, rng()) > 0.1


@pytest.mark.parametrize("name", CONSISTENCIES)
def test_each_is_made_by_its_name(name):
    tie = make_consistency(name, lambda: Generator(1, width=16))
    image = torch.rand(2, 3, 32, 32, generator=rng())
    assert (tie is None) == (name == "none")
    assert tie is None or tie(image, image, rng()).isfinite()
