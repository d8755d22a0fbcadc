import numpy as np
import torch

from genmodels_ros.evaluation.image_distance import features, kernel_distance


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


def test_the_estimate_is_unbiased():
    rng = torch.Generator().manual_seed(0)
    draws = [torch.randn(2, 30, 4, generator=rng).unbind(0) for _ in range(200)]
    values = torch.tensor([kernel_distance(x, y, scale=torch.randn(4000, 4, generator=rng)) for x, y in draws])
    assert abs(values.mean()) < 3 * values.std() / len(values) ** 0.5


def test_the_distance_is_that_of_the_definition():
    rng = torch.Generator().manual_seed(1)
    x, y, scale = torch.randn(5, 3, generator=rng), torch.randn(6, 3, generator=rng), torch.randn(50, 3, generator=rng)
    a, b = (((part - scale.mean(0)) / scale.std(0)).double() for part in (x, y))

    def mean(u, v, skip):
        values = [(u[i] @ v[j] / 3 + 1) ** 3 for i in range(len(u)) for j in range(len(v)) if not (skip and i == j)]
        return sum(values) / len(values)

    expected = 1000 * (mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False))
    assert abs(kernel_distance(x, y, scale) - expected) < 1e-3


def test_features_do_not_depend_on_the_process():
    torch.manual_seed(3)
    assert torch.equal(features(images(2, 0)), features(images(2, 0)))
