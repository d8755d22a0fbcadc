"""Tokens and numbers: every real number has one token and a density, which integrates to 1."""

import pytest
import torch

from genmodels_ros.models.autoregressive.quantiser import Quantiser

QUANTISER = Quantiser(bins=12, bound=2.0, tail=0.4)


def test_every_token_comes_back_from_what_is_drawn_of_it():
    tokens = torch.arange(12).repeat(500)
    x = QUANTISER.draw(tokens, torch.Generator().manual_seed(0))
    assert (QUANTISER.tokens(x) == tokens).float().mean() > 0.999  # a draw may round onto an edge
    assert torch.equal(QUANTISER.tokens(QUANTISER.middles(torch.arange(12))), torch.arange(12))


@pytest.mark.parametrize("token", range(12))
def test_the_density_of_a_token_integrates_to_one(token):
    x = torch.linspace(-20, 20, 400_001, dtype=torch.float64)
    quantiser = Quantiser(bins=12, bound=2.0, tail=0.4).double()
    inside = quantiser.tokens(x) == token
    density = quantiser.log_density(x, torch.full_like(x, token, dtype=torch.long)).exp()
    assert float((density * inside).sum() * (x[1] - x[0])) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("x", [0.0, 2.0, -2.0, 1e-30, 1e6, -1e30])
def test_every_number_has_a_finite_density(x):
    x = torch.tensor([x])
    assert QUANTISER.log_density(x, QUANTISER.tokens(x)).isfinite().all()


def test_the_mean_of_what_is_drawn_is_the_middle():
    tokens = torch.arange(12).repeat(20_000)
    x = QUANTISER.draw(tokens, torch.Generator().manual_seed(1)).reshape(-1, 12)
    torch.testing.assert_close(x.mean(0), QUANTISER.middles(torch.arange(12)), atol=0.01, rtol=0)
