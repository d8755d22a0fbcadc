import numpy as np
import pytest
import torch

from genmodels_ros.models.gan.bilateral import identity_transform, image_rows
from genmodels_ros.models.gan.generator import LUMA, ColourTransform
from genmodels_ros.models.gan.relighting import (
    LEAST_CONTRAST,
    LEAST_GAIN,
    MOST_GAIN,
    SIDES,
    Relighting,
    grey_response,
)

STEP = 1 / 255


def wild_transform(seed=0, size=1.0):
    """Tints from place to place, haze and noise: what a style may do, and more."""
    rng = torch.Generator().manual_seed(seed)
    grid = identity_transform().view(1, 12, 1, 1, 1) + 0.3 * size * torch.randn(1, 12, 8, 12, 16, generator=rng)
    grid[:, 3::4] += 0.2 * size * torch.rand(1, 3, 8, 12, 16, generator=rng)  # haze
    guide = torch.tensor([[6 * weight for weight in LUMA] + [-3.0]])
    return ColourTransform(grid, guide, torch.full((1, 2), 0.2))


def scaling(gain):
    grid = (gain * identity_transform()).view(1, 12, 1, 1, 1).expand(1, 12, 8, 12, 16)
    return ColourTransform(grid, torch.tensor([[6 * weight for weight in LUMA] + [-3.0]]), torch.zeros(1, 2))


def picture(seed=0, height=40, width=60):
    return 0.02 + 0.98 * torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def chromaticity(image):
    return image / image.sum(dim=1, keepdim=True)


def luma(image):
    return (image * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1)


@pytest.mark.parametrize("seed", range(4))
def test_every_pixel_keeps_its_chromaticity(seed):
    image = picture(seed)
    lit = Relighting.from_transform(wild_transform(seed)).apply(image)
    assert (chromaticity(lit) - chromaticity(image)).abs().max() < 1e-5
    assert (luma(lit) - luma(image)).abs().mean() > 0.01


@pytest.mark.parametrize("seed", range(4))
def test_the_light_s_colour_is_one_gain_a_channel_for_the_whole_image(seed):
    image, relighting = picture(seed), Relighting.from_transform(wild_transform(seed), light_colour=True)
    lit = relighting.apply(image)
    adapted = lit / relighting.colour[:, :, None, None]  # von Kries
    assert (chromaticity(adapted) - chromaticity(image)).abs().max() < 1e-5
    assert relighting.colour.min() < 1


def test_a_colour_chart_keeps_its_hues():
    chart = torch.tensor([[0.7, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.3, 0.7], [0.8, 0.7, 0.1], [0.5, 0.5, 0.5]])
    image = chart.T[None, :, :, None].repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
    lit = Relighting.from_transform(wild_transform(3)).apply(image)
    stored = (lit * 255).round() / 255
    centred = [x - x.mean(dim=1, keepdim=True) for x in (image, stored)]
    cosine = torch.cosine_similarity(*centred, dim=1)[..., : 4 * 8, :]
    assert cosine.min() > 0.99  # but for what eight bits round off


def test_edges_keep_their_place_their_direction_and_a_part_of_their_contrast():
    image = picture().mean(dim=1, keepdim=True).expand(1, 3, 40, 60)
    for seed in range(4):
        relighting = Relighting.from_transform(wild_transform(seed))
        brighter = (image * 1.01).clamp(max=1)
        before, after = relighting.apply(image), relighting.apply(brighter)
        kept = (after / before).log() / (brighter / image).log()
        assert kept[brighter > image * 1.009].min() > LEAST_CONTRAST - 0.01


def test_dense_fog_leaves_its_contrast_to_the_picture():
    fog = scaling(0.3)
    fog = ColourTransform(fog.grid.clone(), fog.guide, fog.noise)
    fog.grid[:, 3::4] += 0.5
    steps = torch.tensor([0.3, 0.6]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    lit = luma(Relighting.from_transform(fog).apply(steps))[0, 0]
    assert float((lit[1] / lit[0]).log() / torch.tensor(2.0).log()) > 0.6  # 0.45 without a bound on the bend


def test_no_haze_and_no_noise():
    relighting, image = Relighting.from_transform(wild_transform()), picture()
    assert relighting.apply(torch.zeros(1, 3, 8, 8)).max() == 0
    assert relighting.add_noise(image, torch.ones_like(image)) is image


def test_the_gain_is_bounded_and_white_is_not_exceeded():
    image = picture()
    for gain in (0.01, 30.0):
        lit = Relighting.from_transform(scaling(gain)).apply(image)
        assert lit.max() <= 1
        assert (lit / image).min() >= LEAST_GAIN - 1e-4 and (lit / image).max() <= MOST_GAIN + 1e-4


@pytest.mark.parametrize("gain", (0.3, 0.8, 1.0))
def test_a_transform_that_changes_brightness_alone_is_taken_over(gain):
    image = picture()
    lit = Relighting.from_transform(scaling(gain)).apply(image)
    assert (lit - gain * image).abs().max() < STEP


def test_the_light_has_no_edges():
    flat = torch.full((1, 3, 96, 128), 0.4)
    lit = Relighting.from_transform(wild_transform(1)).apply(flat)
    steps = [lit.log().diff(dim=dimension).abs().max() for dimension in (2, 3)]
    assert max(steps) < 0.05


def test_strength_goes_from_the_light_as_it_is_to_the_new_one():
    image, relighting = picture(), Relighting.from_transform(wild_transform(2), light_colour=True)
    assert torch.equal(relighting.blended(1.0).apply(image), relighting.apply(image))
    assert (relighting.blended(0.0).apply(image) - image).abs().max() < 1e-6
    half, whole = (luma(relighting.blended(s).apply(image)) - luma(image) for s in (0.5, 1.0))
    assert half.abs().mean() < whole.abs().mean()


def test_bands_are_the_whole_picture():
    image, relighting = picture(), Relighting.from_transform(wild_transform())
    whole, rows = relighting.apply(image), image_rows(40)
    bands = [relighting.apply(image[:, :, part], rows[part]) for part in (slice(0, 13), slice(13, 40))]
    assert torch.allclose(torch.cat(bands, dim=2), whole, atol=1e-6)


@pytest.mark.parametrize("side", SIDES)
def test_a_soft_light_falls_off_from_its_side(side):
    lit = luma(Relighting.soft_light(side, stops=2.0).apply(torch.full((1, 3, 30, 30), 0.3)))[0]
    along = lit.mean(dim=0 if side in ("left", "right") else 1)
    along = along if side in ("left", "top") else along.flip(0)
    assert (along.diff() < 0).all()
    # two stops less light: a quarter of it, in gamma-encoded values
    assert float(along[0] / along[-1]) == pytest.approx(4 ** (1 / 2.2), rel=0.15)


def test_an_unknown_side_is_refused():
    with pytest.raises(ValueError, match="left, right, top, bottom"):
        Relighting.soft_light("behind")


def test_the_grey_response_is_what_the_transform_does_to_grey():
    transform, levels = wild_transform(), torch.tensor([0.2, 0.6])
    response = grey_response(transform, levels)
    for number, level in enumerate(levels):
        image = torch.full((1, 3, 12, 16), float(level))  # a pixel a vertex
        np.testing.assert_allclose(transform.apply(image)[0], response[0, number], atol=1e-5)
