import math

import pytest
import torch

from genmodels_ros.evaluation.distribution.likelihood import (
    bits_per_dimension,
    negative_log_likelihood,
    perplexity,
)


def test_of_a_normal_sample_it_is_the_entropy():
    x = torch.randn(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    log_prob = torch.distributions.Normal(0.0, 1.0).log_prob(x)
    assert negative_log_likelihood(log_prob) == pytest.approx(0.5 * math.log(2 * math.pi * math.e), abs=0.01)


@pytest.mark.parametrize("width", [1.0, 1 / 256])
def test_even_levels_cost_their_logarithm_in_whatever_units(width):
    """A uniform density over 256 levels in D columns: 8 bits each."""
    D = 5
    log_prob = torch.full((10,), -D * math.log(256 * width))
    assert bits_per_dimension(log_prob, D, width) == pytest.approx(8)


def test_narrower_bins_cost_a_bit_for_each_halving():
    log_prob = torch.randn(10)
    assert bits_per_dimension(log_prob, 3, 0.5) == pytest.approx(bits_per_dimension(log_prob, 3, 1.0) + 1)


def test_perplexity_of_an_even_choice_is_the_number_of_choices():
    assert perplexity(torch.full((4,), 7 * math.log(1 / 6)), 7) == pytest.approx(6)


def test_an_impossible_sample_is_not_averaged_away():
    assert negative_log_likelihood(torch.tensor([0.0, -math.inf])) == math.inf
