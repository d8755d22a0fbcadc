import numpy as np
import pytest

from genmodels_ros.training.camera.hole_masks import LARGEST, random_hole


def holes(count=200, size=(48, 64)):
    return np.stack([random_hole(*size, np.random.default_rng(seed)) for seed in range(count)])


def test_a_hole_leaves_most_of_the_image():
    shares = holes().mean(axis=(1, 2))
    assert shares.min() > 0 and shares.max() <= LARGEST
    assert shares.std() > 0.03  # small ones and large ones


def test_holes_lie_everywhere_borders_included():
    assert holes(400).any(axis=0).all()


def test_the_same_numbers_give_the_same_hole():
    first, second, other = (random_hole(32, 32, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


@pytest.mark.parametrize("size", [(8, 8), (64, 16)])
def test_small_images_have_holes_too(size):
    assert holes(20, size).shape == (20, *size)
