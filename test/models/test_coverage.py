import pytest
import torch

from genmodels_ros.models.coverage import coverage, neighbour_radius


def draw(count, seed, shift=0.0):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_radius_is_that_of_the_definition():
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert neighbour_radius(points, k=2).tolist() == [3.0, 2.0, 3.0, 6.0]


def test_two_samples_of_one_distribution_reach_the_expected_coverage():
    """1 - (M-1)...(M-k) / ((2M-1)...(2M-k)), about 1 - 2^-k (Naeem et al. 2020, appendix)."""
    values = []
    for seed in range(20):
        reference = draw(200, seed)
        values.append(coverage(reference, neighbour_radius(reference, k=3), draw(200, 100 + seed)))
    assert abs(sum(values) / len(values) - (1 - 2**-3)) < 0.015


def test_a_collapsed_or_distant_sample_covers_little():
    reference = draw(200, 0)
    radius = neighbour_radius(reference)
    assert coverage(reference, radius, torch.zeros(200, 3)) < 0.2
    assert coverage(reference, radius, draw(200, 1, shift=20.0)) == 0
    assert coverage(reference, radius, reference) == 1


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="5 neighbours"):
        neighbour_radius(draw(5, 0), k=5)
