import math

import pytest
import torch

from genmodels_ros.evaluation.distribution.sliced_wasserstein import sliced_wasserstein, wasserstein_1


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("D", [2, 3])
def test_a_shift_costs_its_length_times_the_mean_cosine(D):
    """E |cos| over directions: 2 / pi in the plane, 1/2 in space."""
    x, shift = normal(100, D).double(), 3 * torch.eye(D).double()[0]
    mean_cosine = math.gamma(D / 2) / (math.sqrt(math.pi) * math.gamma((D + 1) / 2))
    assert sliced_wasserstein(x, x + shift, rng(), 20_000) == pytest.approx(3 * mean_cosine, rel=0.01)


def test_on_a_line_it_is_the_mean_difference_of_the_sorted():
    x, y = normal(50, 1), normal(50, 1, seed=1)
    expected = (x.sort(0).values - y.sort(0).values).abs().mean()
    assert float(wasserstein_1(x, y)) == pytest.approx(float(expected), rel=1e-5)


def test_unequal_numbers_of_rows_weigh_the_same():
    x, y = normal(40, 1), normal(30, 1, seed=1)
    expected = wasserstein_1(x.repeat(3, 1), y.repeat(4, 1))
    torch.testing.assert_close(wasserstein_1(x, y), expected)


def test_rows_in_another_order_are_the_same_sample():
    x = normal(64, 2)
    assert sliced_wasserstein(x, x.flip(0), rng()) < 1e-6


def test_the_directions_are_those_of_the_seed():
    x, y = normal(64, 2), normal(64, 2, seed=1) * 2
    assert sliced_wasserstein(x, y, rng(1)) == sliced_wasserstein(x, y, rng(1)) != sliced_wasserstein(x, y, rng(2))
