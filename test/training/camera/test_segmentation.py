import numpy as np
import torch

from genmodels_ros.models.segmenter import Segmenter
from genmodels_ros.training.camera.segmentation import class_weights, fit, interpolated, predict


def coloured_halves(count, rng):
    """Red is class 1, blue class 0, divided at a random column."""
    images, labels = np.zeros((count, 16, 24, 3), np.uint8), np.zeros((count, 16, 24), np.uint8)
    for image, label in zip(images, labels, strict=True):
        column = rng.integers(6, 18)
        label[:, :column] = 1
        image[:, :column, 0], image[:, column:, 2] = 200, 200
    return images, labels


def test_it_learns_what_colour_tells():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    _, labels = coloured_halves(8, rng)
    model = fit(
        Segmenter(2, widths=(8, 16)), lambda: coloured_halves(4, rng), steps=15, weights=class_weights(labels, 2)
    )
    images, truth = coloured_halves(8, rng)
    assert (predict(model, images) == truth).mean() > 0.9


def test_rare_classes_weigh_more():
    weights = class_weights(np.repeat([0, 1], [99, 1]), 2)
    assert weights[1] > 5 * weights[0]


def test_between_two_segmenters_weights_and_statistics_lie_on_the_straight_way():
    torch.manual_seed(0)
    start, end = Segmenter(2, widths=(4, 8)).eval(), Segmenter(2, widths=(4, 8)).eval()
    end.stem[1].running_mean += 1
    middle = interpolated(start, end, 0.25).state_dict()
    first, last = start.state_dict(), end.state_dict()
    for name in ("stem.0.weight", "stem.1.running_mean", "head.bias"):
        assert torch.allclose(middle[name], 0.75 * first[name] + 0.25 * last[name], atol=1e-6)
    image = torch.rand(1, 3, 16, 16)
    assert torch.allclose(interpolated(start, end, 0.0)(image), start(image))
    assert torch.allclose(interpolated(start, end, 1.0)(image), end(image))
