import numpy as np
import pytest

from genmodels_ros.evaluation.augmenter.segmentation_scores import (
    confusion,
    mean_iou,
    paired_difference,
    scene_confusions,
)


def test_iou_by_hand():
    truth, prediction = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert mean_iou(confusion(truth, prediction, 3)) == pytest.approx(100 * (1 / 2 + 2 / 3) / 2)  # class 2: not there


def test_a_perfect_prediction_has_all():
    labels = np.random.default_rng(0).integers(0, 4, (6, 8, 8))
    assert mean_iou(scene_confusions(labels, labels, 4, 3).sum(0)) == 100


def test_scenes_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, 3, (2, 7, 5, 5))
    assert (scene_confusions(truth, prediction, 3, 2).sum(0) == confusion(truth, prediction, 3)).all()


def arm(accuracy, rng, domains=2, seeds=3, scenes=8):
    """Confusions of two classes, right with `accuracy` give or take a little."""
    right = np.clip(accuracy + 0.01 * rng.standard_normal((domains, seeds, scenes)), 0, 1)
    first = np.stack([100 * right, 100 * (1 - right)], -1)
    return np.stack([first, first[..., ::-1]], -2)


def test_a_difference_of_arms_is_found_and_its_interval_holds_it():
    rng = np.random.default_rng(0)
    mean, low, high = paired_difference(arm(0.9, rng), arm(0.8, rng), resamples=200)
    expected = 100 * (0.9 / 1.1 - 0.8 / 1.2)
    assert low < mean < high and low > 0 and mean == pytest.approx(expected, abs=1)


def test_an_arm_does_not_differ_from_itself():
    first = arm(0.8, np.random.default_rng(1))
    assert paired_difference(first, first, resamples=100) == (0, 0, 0)
