import numpy as np
import pytest

from genmodels_ros.evaluation.augmenter.classical_augmentation import POLICIES, Policy


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(40, 200, (24, 32, 3), dtype=np.uint8)


def test_no_policy_changes_next_to_nothing(image):
    assert np.abs(Policy()(image, np.random.default_rng(0)).astype(int) - image).max() <= 1


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_random_and_repeatable(name, image):
    first, again, other = (POLICIES[name](image, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.dtype == np.uint8 and first.shape == image.shape
    assert (first == again).all() and (first != other).any()


def test_exposure_darkens(image):
    assert Policy(exposure=(0.5, 0.5))(image, np.random.default_rng(0)).mean() == pytest.approx(image.mean() / 2, abs=1)
