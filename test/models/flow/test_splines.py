"""Splines are monotone, the identity outside and between equal numbers, and exact both ways: against autograd."""

import pytest
import torch

from genmodels_ros.models.flow.splines import parameters_of_spline, spline

BOUND, BINS = 3.0, 6


def numbers(count: int, scale: float, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return scale * torch.randn(count, parameters_of_spline(BINS), generator=rng, dtype=torch.float64)


def places(count: int) -> torch.Tensor:
    """Inside, at the very bound, and beyond it."""
    edge = torch.tensor([-BOUND, BOUND, BOUND - 1e-12, -BOUND + 1e-12, -2 * BOUND, 2 * BOUND], dtype=torch.float64)
    return torch.cat([torch.linspace(-1.2 * BOUND, 1.2 * BOUND, count - len(edge), dtype=torch.float64), edge])


@pytest.mark.parametrize("scale", [0.0, 0.5, 3.0])
def test_the_inverse_brings_back_and_log_slopes_are_autograds(scale):
    x = places(400).requires_grad_()
    y, log_slope = spline(x, numbers(400, scale), BOUND)
    back, log_slope_back = spline(y, numbers(400, scale), BOUND, inverse=True)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(back, x, atol=1e-6, rtol=0)
    torch.testing.assert_close(log_slope, slope.log(), atol=1e-6, rtol=0)
    torch.testing.assert_close(log_slope_back, -log_slope, atol=1e-6, rtol=0)


def test_numbers_of_zero_are_the_identity():
    x = places(100)
    y, log_slope = spline(x, torch.zeros(100, parameters_of_spline(BINS), dtype=torch.float64), BOUND)
    torch.testing.assert_close(y, x, atol=1e-12, rtol=0)
    torch.testing.assert_close(log_slope, torch.zeros_like(x), atol=1e-12, rtol=0)


def test_they_rise_and_leave_alone_what_lies_outside():
    x = places(300).sort().values
    for seed in range(5):
        y, _ = spline(x, numbers(1, 2.0, seed).expand(300, -1), BOUND)
        assert (y.diff() >= 0).all()
        outside = x.abs() >= BOUND
        assert torch.equal(y[outside], x[outside]) and (y[~outside].abs() <= BOUND).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_numbers_stay_finite(dtype):
    x = places(400).to(dtype).requires_grad_()
    parameters = numbers(400, 100.0).to(dtype).requires_grad_()
    for inverse in (False, True):
        y, log_slope = spline(x, parameters, BOUND, inverse)
        gradients = torch.autograd.grad((y + log_slope).sum(), (x, parameters))
        assert y.isfinite().all() and log_slope.isfinite().all()
        assert all(gradient.isfinite().all() for gradient in gradients)
