"""The forward process has the moments of its closed form, and its inversions invert."""

import pytest
import torch

from genmodels_ros.sampling.schedules import SCHEDULES, linear_schedule


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("num_steps", [50, 1000])
def test_alpha_bar_falls_from_signal_to_noise(name, num_steps):
    alpha_bar = SCHEDULES[name](num_steps).alpha_bar
    assert len(alpha_bar) == num_steps
    assert (alpha_bar.diff() < 0).all() and (alpha_bar > 0).all()
    assert alpha_bar[0] > 0.99 and alpha_bar[-1] < 1e-3


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("t", [0, 30, 80, 99])
def test_moments_of_x_t_given_x_0(name, t):
    schedule, rng = SCHEDULES[name](100), torch.Generator().manual_seed(0)
    x_0 = torch.tensor([-2.0, 0.5]).expand(200_000, 2)
    x_t = schedule.forward_process(x_0, t, torch.randn(x_0.shape, generator=rng))
    alpha_bar = schedule.alpha_bar[t]
    torch.testing.assert_close(x_t.mean(0), alpha_bar.sqrt() * x_0[0], atol=0.01, rtol=0)
    torch.testing.assert_close(x_t.var(0), (1 - alpha_bar).expand(2), atol=0.01, rtol=0)


def test_one_step_at_a_time_equals_the_closed_form():
    """Composing the T Markov steps with variances beta_t (Ho et al. eq. 2) has the moments of alpha_bar_T (eq. 4)."""
    schedule = linear_schedule(1000)
    alpha = torch.cat([schedule.alpha_bar[:1], schedule.alpha_bar[1:] / schedule.alpha_bar[:-1]]).double()
    mean, variance = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for alpha_t in alpha[:700]:
        mean, variance = alpha_t.sqrt() * mean, alpha_t * variance + 1 - alpha_t
    assert mean.item() == pytest.approx(schedule.alpha_bar[699].sqrt().item(), rel=1e-5)
    assert variance.item() == pytest.approx(1 - schedule.alpha_bar[699].item(), rel=1e-5)


@pytest.mark.parametrize("name", SCHEDULES)
def test_inversions(name):
    schedule, rng = SCHEDULES[name](100), torch.Generator().manual_seed(0)
    x_0, eps = torch.randn(2, 64, 3, 2, generator=rng)
    t = torch.randint(0, 100, (64,), generator=rng)
    x_t = schedule.forward_process(x_0, t, eps)
    torch.testing.assert_close(schedule.x_0_from_eps(x_t, t, eps), x_0, atol=2e-3, rtol=0)
    torch.testing.assert_close(schedule.eps_from_x_0(x_t, t, x_0), eps, atol=2e-3, rtol=0)
