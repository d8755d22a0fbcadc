import math

import pytest
import torch

from genmodels_ros.evaluation.distribution import kernel_distance as module
from genmodels_ros.evaluation.distribution.kernel_distance import (
    gaussian_discrepancy,
    kernel_distance,
    median_distance,
)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


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


def test_of_equal_distributions_the_gaussian_one_is_zero_in_expectation():
    rng = torch.Generator().manual_seed(0)
    values = [gaussian_discrepancy(*torch.randn(2, 20, 3, generator=rng).unbind(0), 1.5) for _ in range(300)]
    values = torch.tensor(values)
    assert abs(values.mean()) < 3 * values.std() / len(values) ** 0.5 and values.min() < 0


def test_of_shifted_gaussians_it_is_the_closed_form():
    """2 (h² / (h² + 2))^(D/2) (1 - exp(-|shift|² / (2 (h² + 2)))) for N(0, I), N(shift, I)."""
    h, shift, rng = 1.3, torch.tensor([1.0, -0.5]), torch.Generator().manual_seed(2)
    expected = 2 * (h**2 / (h**2 + 2)) * (1 - math.exp(-float(shift.square().sum()) / (2 * (h**2 + 2))))
    pairs = [torch.randn(2, 200, 2, generator=rng) for _ in range(50)]
    values = torch.tensor([gaussian_discrepancy(x, y + shift, h) for x, y in pairs])
    error = values.std() / len(values) ** 0.5
    assert abs(values.mean() - expected) < 3 * error < 0.1 * expected


def test_the_parts_it_is_summed_in_do_not_matter(monkeypatch):
    x, y = normal(50, 2), normal(70, 2, seed=1)
    whole = gaussian_discrepancy(x, y, 1.0)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    assert gaussian_discrepancy(x, y, 1.0) == pytest.approx(whole, abs=1e-12)


def test_the_bandwidth_is_the_middle_of_all_distances():
    assert median_distance(torch.tensor([[0.0], [1.0], [5.0]])) == 4
