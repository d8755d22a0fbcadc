import numpy as np
import pytest

from genmodels_ros.simulation.camera.styles import FAR, STYLES, render_style


def scene(depth=3.0, level=120):
    return np.full((48, 64, 3), level, np.uint8), np.full((48, 64), depth, np.float32)


def mean_of(style, rgb, depth, seeds=6):
    return np.mean([render_style(style, rgb, depth, np.random.default_rng(seed)) for seed in range(seeds)], axis=0)


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_gives_one_picture_and_another_seed_another(style):
    rgb, depth = scene()
    first, again, other = (render_style(style, rgb, depth, np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.dtype == np.uint8 and first.shape == rgb.shape
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("style, brighter", [("night", False), ("low_light", False), ("backlight", True)])
def test_light_changes_the_way_its_name_says(style, brighter):
    rgb, depth = scene()
    assert (mean_of(style, rgb, depth).mean() > rgb.mean()) == brighter


def test_fog_hides_what_is_far_more_than_what_is_near():
    """Koschmieder: contrast falls as exp(-beta d)."""
    depth = np.repeat(np.array([1.0, 4.0, 8.0], np.float32), [20, 22, 22])[None].repeat(48, 0)
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[::2] = 180
    foggy = mean_of("fog", rgb, depth)
    contrast = [np.abs(np.diff(foggy[:, column], axis=0)).mean() for column in (10, 30, 55)]
    assert contrast[0] > 2 * contrast[1] > 2 * contrast[2] > 0


def test_the_lamp_at_night_lights_what_is_near():
    near, far = (mean_of("night", *scene(depth))[20:28, 28:36].mean() for depth in (0.6, 6.0))
    assert near > 2 * far


def test_low_light_is_noisy_and_its_noise_depends_on_light():
    def noise(level):
        picture = render_style("low_light", *scene(level=level), np.random.default_rng(0)) / 255
        linear = picture**2.2
        return linear.std(axis=(0, 1)).mean()

    assert noise(250) > 1.3 * noise(90) > 0


def test_the_evening_is_warm():
    red, _, blue = mean_of("warm_evening", *scene()).mean(axis=(0, 1))
    assert red > 1.2 * blue


def test_missing_depth_counts_as_far_away():
    rgb, depth = scene()
    for missing in (0.0, np.inf, np.nan, -1.0):
        hole = np.full_like(depth, missing)
        expected = render_style("fog", rgb, np.full_like(depth, FAR), np.random.default_rng(0))
        assert np.array_equal(render_style("fog", rgb, hole, np.random.default_rng(0)), expected)
