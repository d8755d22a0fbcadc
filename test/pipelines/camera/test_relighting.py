import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.gan.relighting import SIDES
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.relighting import relight


@pytest.fixture(scope="module")
def augmenter():
    return ImageAugmenter.from_checkpoint(device="cpu", mark=False)


def chart():
    """Patches of colours, none of them dark, with a shade that falls off."""
    rng = np.random.default_rng(0)
    colours = rng.integers(90, 250, (6, 8, 3)).repeat(20, axis=0).repeat(20, axis=1)
    return (colours * np.linspace(1, 0.6, 160)[None, :, None]).astype(np.uint8)


def chromaticity(image):
    return image / np.maximum(image.sum(axis=-1, keepdims=True, dtype=float), 1)


def test_every_style_changes_brightness_and_no_material(augmenter):
    image = chart()
    for number, style in enumerate(augmenter.styles):
        lit = augmenter.augment(image, style=style, seed=number, lighting_only=True).image
        rounding = 1.5 / np.maximum(lit.sum(axis=-1, keepdims=True, dtype=float), 1)  # half a level a channel
        assert (np.abs(chromaticity(lit) - chromaticity(image)) < rounding + 1e-3).all(), style
        assert np.abs(lit.astype(int) - image).mean() > 1, style


def test_edges_are_kept_whatever_the_style(augmenter):
    image = chart()
    luma = image @ np.array([0.299, 0.587, 0.114])
    for style in augmenter.styles:
        lit = augmenter.augment(image, style=style, seed=1, lighting_only=True).image @ np.array([0.299, 0.587, 0.114])
        for axis in (0, 1):
            before, after = np.diff(luma, axis=axis), np.diff(lit, axis=axis)
            strong = np.abs(before) > 12
            assert (np.sign(before) == np.sign(after))[strong].mean() > 0.99, style


def test_strength_and_seed_count_here_as_elsewhere(augmenter):
    image = chart()

    def lit(**options):
        return augmenter.augment(image, style="night", lighting_only=True, **options).image.astype(int)

    assert np.array_equal(lit(seed=1), lit(seed=1)) and not np.array_equal(lit(seed=1), lit(seed=2))
    assert np.abs(lit(strength=0.3) - image).mean() < np.abs(lit(strength=1.0) - image).mean()


@pytest.mark.parametrize("side", SIDES)
def test_a_lamp_on_one_side_lights_that_side(side):
    grey = np.full((50, 70, 3), 100, np.uint8)
    lit = relight(grey, side=side, stops=2).astype(int)
    halves = {"left": lit[:, :35], "right": lit[:, 35:], "top": lit[:25], "bottom": lit[25:]}
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[side]
    assert halves[side].mean() > halves[opposite].mean() + 10


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (700, 900)])
def test_any_size_is_lit_alike_in_bands_or_not(size):
    image = np.full((*size, 3), 120, np.uint8)
    lit = relight(image, side="left")
    assert lit.shape == image.shape
    assert (lit == lit[:1]).all()  # a light from the left is the same in every row


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"side": "behind"}, ErrorCode.UNKNOWN_STYLE),
        ({"side": "left", "stops": 0}, ErrorCode.INVALID_SCALING),
        ({"side": "left", "stops": float("nan")}, ErrorCode.INVALID_SCALING),
        ({"side": "left", "size": -1}, ErrorCode.INVALID_SCALING),
    ],
)
def test_what_no_lamp_can_be_is_refused(options, code):
    with pytest.raises(GenModelsError) as caught:
        relight(np.zeros((4, 4, 3), np.uint8), **options)
    assert caught.value.code == code
