import pytest
import torch

from genmodels_ros.evaluation.distribution.sample_quality import sample_quality


def normal(count, seed, scale=1.0):
    return scale * torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))


def test_two_samples_of_one_distribution_are_alike():
    found = sample_quality(normal(300, 0), normal(300, 1))
    assert min(found.precision, found.recall, found.coverage) > 0.85 and found.density == pytest.approx(1, abs=0.15)


def test_a_narrow_sample_is_precise_but_recalls_little():
    found = sample_quality(normal(300, 0), normal(300, 1, scale=0.2))
    assert found.precision > 0.95 and found.recall < 0.3 and found.coverage < 0.5


def test_samples_of_something_else_have_neither():
    found = sample_quality(normal(300, 0), normal(300, 1) + 20)
    assert found.precision == found.recall == found.density == found.coverage == 0
