"""The shipped style that makes simulated track frames look real."""

import numpy as np

from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.augmentation import ImageAugmenter
from genmodels_ros.simulation.track.camera import track_frames


def test_simulated_track_frames_look_otherwise_and_keep_their_edges():
    augmenter = ImageAugmenter.from_checkpoint(shipped("track_sim_to_real"), device="cpu")
    assert augmenter.styles == ("sim_to_real",)
    for rgb, _, _ in track_frames(2, seed=41):
        made = augmenter.augment(rgb, style="sim_to_real", seed=3)
        assert made.image.shape == rgb.shape and made.accepted and made.quality > 0.8
        assert np.abs(made.image.astype(float) - rgb).mean() > 4
        np.testing.assert_array_equal(made.image, augmenter.augment(rgb, style="sim_to_real", seed=3).image)
