"""The forward process has the moments of its closed form."""

import pytest
import torch

from genmodels_ros.sampling.schedules import SCHEDULES, linear_schedule


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("num_steps", [50, 1000])
def test_signal_falls_and_noise_rises(name, num_steps):
    schedule = SCHEDULES[name](num_steps)
    assert schedule.num_steps == len(schedule.sigma) == num_steps
    assert (schedule.alpha.diff() < 0).all() and (schedule.sigma.diff() > 0).all()
    assert schedule.alpha[0] > 0.985 and 0 < schedule.alpha[-1] < 0.03
    assert 0 < schedule.sigma[0] < 0.1 and schedule.sigma[-1] > 0.985


@pytest.mark.parametrize("name", ["cosine", "linear"])
def test_diffusion_preserves_variance_and_flow_the_sum(name):
    schedule, flow = SCHEDULES[name](100), SCHEDULES["flow"](100)
    torch.testing.assert_close(schedule.alpha**2 + schedule.sigma**2, torch.ones(100))
    torch.testing.assert_close(flow.alpha + flow.sigma, torch.ones(100))


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("t", [0, 30, 80, 99])
def test_moments_of_x_t_given_x_0(name, t):
    schedule, rng = SCHEDULES[name](100), torch.Generator().manual_seed(0)
    x_0 = torch.tensor([-2.0, 0.5]).expand(200_000, 2)
    x_t = schedule.forward_process(x_0, t, torch.randn(x_0.shape, generator=rng))
    torch.testing.assert_close(x_t.mean(0), schedule.alpha[t] * x_0[0], atol=0.01, rtol=0)
    torch.testing.assert_close(x_t.var(0), (schedule.sigma[t] ** 2).expand(2), atol=0.01, rtol=0)


def test_one_step_at_a_time_equals_the_closed_form():
    """Composing the T Markov steps with variances beta_t (Ho et al. eq. 2) has the moments of alpha_bar_T (eq. 4)."""
    alpha_bar = linear_schedule(1000).alpha.double() ** 2
    alpha = torch.cat([alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1]])
    mean, variance = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for alpha_t in alpha[:700]:
        mean, variance = alpha_t.sqrt() * mean, alpha_t * variance + 1 - alpha_t
    assert mean.item() == pytest.approx(alpha_bar[699].sqrt().item(), rel=1e-5)
    assert variance.item() == pytest.approx(1 - alpha_bar[699].item(), rel=1e-5)


def test_a_step_for_each_row_of_a_batch():
    schedule, t = SCHEDULES["flow"](10), torch.tensor([0, 9, 4])
    alpha_t, sigma_t = schedule.at(t, torch.zeros(3, 5, 2))
    assert alpha_t.shape == sigma_t.shape == (3, 1, 1)
    torch.testing.assert_close(sigma_t.flatten(), torch.tensor([0.05, 0.95, 0.45]))
