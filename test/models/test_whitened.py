"""Linear relations taken out of a density: change of variables, the chain rule, units, round trip."""

import math

import pytest
import torch

from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.models.whitened import RIDGE, Whitened


def gaussian(dimension: int, given: int = 0) -> Whitened:
    """A standard normal of what is left: the mixture before it is fitted."""
    settings = {"dimension": dimension - given, "condition_dimension": given, "components": 1}
    return Whitened(Standardised.of_family("mixture", settings)).double()


@pytest.fixture
def x():
    rng = torch.Generator().manual_seed(0)
    mix = torch.randn(5, 5, generator=rng, dtype=torch.float64) * torch.tensor([1.0, 10.0, 0.1, 1.0, 100.0])
    return torch.randn(4000, 5, generator=rng, dtype=torch.float64) @ mix + 3.0


def normal_log_density(x, mean, covariance):
    return torch.distributions.MultivariateNormal(mean, covariance).log_prob(x)


def moments(x):
    return x.mean(0), torch.cov(x.T, correction=0) + RIDGE * torch.diag(x.var(0, correction=0))


def test_what_is_left_is_white_and_the_density_is_the_gaussians(x):
    density = gaussian(5)
    density.measure(x)
    white = density.white(x)
    assert torch.allclose(white.T @ white / len(x), torch.eye(5, dtype=torch.float64), atol=1e-3)
    assert torch.allclose(density.log_prob(x), normal_log_density(x, *moments(x)), atol=1e-9)
    assert torch.allclose(density.precision(), torch.linalg.inv(moments(x)[1]), rtol=1e-6)


@pytest.mark.parametrize("given", [[3], [4, 0], [1, 2, 3]])
def test_a_given_part_leaves_the_conditional_density(x, given):
    density = gaussian(5, len(given))
    density.measure(x, given)
    mean, covariance = moments(x)
    joint = normal_log_density(x, mean, covariance)
    condition = normal_log_density(x[:, given], mean[given], covariance[given][:, given])
    assert torch.allclose(density.log_prob(x), joint - condition, atol=1e-9)
    # The curvature is that of log p(rest | given): joint minus marginal.
    expected = torch.linalg.inv(covariance)
    for i, row in enumerate(given):
        for j, column in enumerate(given):
            expected[row, column] -= torch.linalg.inv(covariance[given][:, given])[i, j]
    assert torch.allclose(density.precision(), expected, rtol=1e-5, atol=1e-9)


def test_two_columns_that_agree_and_one_that_never_changes_are_no_trouble():
    rng = torch.Generator().manual_seed(1)
    one = torch.randn(1000, 1, generator=rng, dtype=torch.float64)
    x = torch.cat([one, one + 1e-9, torch.full_like(one, 7.0)], dim=1)
    density = gaussian(3)
    density.measure(x)
    off = x[:1] + torch.tensor([[0.0, 0.1, 0.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
    usual, apart, changed = density.log_prob(torch.cat([x[:1], off])).tolist()
    assert math.isfinite(usual) and apart < usual - 1000 and changed < usual - 10


def test_a_checkpoint_brings_it_back(x, tmp_path):
    density = gaussian(5, 2).float()
    density.measure(x, [4, 1])
    density.described = {"data_labels": ["a", "b"]}
    save_checkpoint(tmp_path, density, Card("stream_density", density.card_config))
    loaded, _ = load_checkpoint(tmp_path, "stream_density")
    assert loaded.described == density.described and loaded.given == 2
    assert torch.equal(loaded.log_prob(x[:50].float()), density.log_prob(x[:50].float()))
