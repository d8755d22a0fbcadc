import numpy as np
import torch

from genmodels_ros.evaluation.augmenter.image_distance import features
from genmodels_ros.evaluation.distribution.kernel_distance import kernel_distance


def images(count, seed, brightness=1.0, noise=0.0):
    rng = np.random.default_rng(seed)
    ramps = rng.uniform(60, 220, (count, 1, 1, 3)) * np.linspace(0.4, 1, 128)[:, None] * np.ones((1, 96, 128, 1))
    return np.clip(ramps * brightness + rng.normal(0, 1 + noise, ramps.shape), 0, 255).astype(np.uint8)


def test_two_samples_of_one_distribution_are_near_and_others_far():
    reference, same = features(images(40, 0)), features(images(40, 1))
    dark, noisy = features(images(40, 2, brightness=0.3)), features(images(40, 3, noise=40))
    floor = kernel_distance(same, reference)
    assert kernel_distance(dark, reference) > 5 * abs(floor)
    assert kernel_distance(noisy, reference) > 5 * abs(floor)


def test_features_do_not_depend_on_the_process():
    torch.manual_seed(3)
    assert torch.equal(features(images(2, 0)), features(images(2, 0)))
