"""The shipped styles that make simulated track frames look real: recoloured, and with a texture painted over that."""

import numpy as np
import pytest
import torch

from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.simulation.track.camera import track_frames
from genmodels_ros.training.camera.augmenter_losses import coarse

LIGHT, TEXTURE = "track_sim_to_real", "track_sim_to_real_texture"


@pytest.fixture(scope="module")
def frames():
    return [(rgb, labels) for rgb, labels, _ in track_frames(2, seed=41)]


def augmenter(name):
    return ImageAugmenter.from_checkpoint(shipped(name), device="cpu", mark=False)


@pytest.mark.parametrize("name", [LIGHT, TEXTURE])
def test_simulated_track_frames_look_otherwise_and_keep_their_edges(name, frames):
    known = augmenter(name)
    assert known.styles == ("sim_to_real",)
    for rgb, _ in frames:
        made = known.augment(rgb, style="sim_to_real", seed=3)
        assert made.image.shape == rgb.shape and made.accepted and made.quality > 0.8
        assert np.abs(made.image.astype(float) - rgb).mean() > 4
        np.testing.assert_array_equal(made.image, known.augment(rgb, style="sim_to_real", seed=3).image)


def test_the_texture_leaves_the_light_as_it_was(frames):
    light, texture = augmenter(LIGHT), augmenter(TEXTURE)
    for rgb, labels in frames:
        lit, painted = (
            torch.from_numpy(image).permute(2, 0, 1)[None].float()
            for image in (
                light.augment(rgb, seed=3).image,
                texture.augment(rgb, seed=3, labels=labels).image,
            )
        )
        assert (painted - lit).abs().mean() > 1
        assert (coarse(painted) - coarse(lit)).abs().mean() < 0.5 * (painted - lit).abs().mean()
