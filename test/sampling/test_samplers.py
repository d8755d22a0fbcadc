"""Where the optimal noise predictor is known in closed form, every sampler recovers the distribution."""

import pytest
import torch

from genmodels_ros.sampling.samplers import ddim_step, ddpm_step, inference_steps, sample
from genmodels_ros.sampling.schedules import SCHEDULES, cosine_schedule

MEAN = torch.tensor([1.0, -0.5])
COVARIANCE = torch.tensor([[1.0, 0.6], [0.6, 0.5]])


def optimal_eps(schedule, mean=MEAN, covariance=COVARIANCE):
    """E[eps | x_t] for x_0 ~ N(m, C): sqrt(1 - a) (a C + (1 - a) I)^-1 (x_t - sqrt(a) m), with a = alpha_bar_t."""

    def eps_model(x_t, t):
        a = schedule.alpha_bar[t[0]]
        marginal = a * covariance + (1 - a) * torch.eye(2)
        return (1 - a).sqrt() * torch.linalg.solve(marginal, (x_t - a.sqrt() * mean).T).T

    return eps_model


def draw(schedule, step, num_inference_steps, eps_model, count=40_000, **options):
    rng = torch.Generator().manual_seed(3)
    x_T = torch.randn(count, 2, generator=rng)
    return sample(eps_model, x_T, schedule, step=step, num_inference_steps=num_inference_steps, rng=rng, **options)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("step", [ddpm_step, ddim_step(0.0), ddim_step(1.0)], ids=["ddpm", "ddim", "ddim eta 1"])
def test_samplers_recover_a_gaussian(name, step):
    schedule = SCHEDULES[name](300)
    x_0 = draw(schedule, step, 300, optimal_eps(schedule))
    torch.testing.assert_close(x_0.mean(0), MEAN, atol=0.03, rtol=0)
    torch.testing.assert_close(x_0.T.cov(), COVARIANCE, atol=0.04, rtol=0)


def test_ddim_with_eta_one_is_ddpm():
    """Song et al. section 4.1: the same posterior, so the same numbers from the same noise."""
    schedule = cosine_schedule(100)
    a, b = (draw(schedule, step, 20, optimal_eps(schedule), count=64) for step in (ddpm_step, ddim_step(1.0)))
    torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_more_ddim_steps_come_closer():
    schedule = cosine_schedule(500)
    errors = [
        (draw(schedule, ddim_step(), n, optimal_eps(schedule)).T.cov() - COVARIANCE).abs().max().item()
        for n in (4, 16, 250)
    ]
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize("step", [ddpm_step, ddim_step(0.0)], ids=["ddpm", "ddim"])
def test_guidance_by_a_linear_cost_shifts_a_standard_normal_by_its_gradient(step):
    schedule, gradient = cosine_schedule(200), torch.tensor([0.7, -1.2])
    x_0 = draw(
        schedule,
        step,
        200,
        optimal_eps(schedule, torch.zeros(2), torch.eye(2)),
        cost_gradient=lambda x_0, t: gradient.expand_as(x_0),
    )
    torch.testing.assert_close(x_0.mean(0), -gradient, atol=0.03, rtol=0)
    torch.testing.assert_close(x_0.T.cov(), torch.eye(2), atol=0.04, rtol=0)


def test_estimates_stay_within_their_bound():
    schedule = cosine_schedule(100)
    x_0 = draw(schedule, ddim_step(), 5, lambda x_t, t: torch.zeros_like(x_t), x_0_bound=1.5)
    assert x_0.abs().max() <= 1.5


def test_the_same_noise_gives_the_same_samples_and_progress_counts_every_step():
    schedule, calls = cosine_schedule(100), []
    a = draw(schedule, ddpm_step, 7, optimal_eps(schedule), count=8, progress=lambda *call: calls.append(call))
    b = draw(schedule, ddpm_step, 7, optimal_eps(schedule), count=8)
    assert torch.equal(a, b)
    assert calls == [(i + 1, 7) for i in range(7)]


def test_inference_steps_cover_both_ends_and_refuse_the_impossible():
    assert inference_steps(100, 5) == [99, 74, 50, 25, 0]
    assert inference_steps(100, 1) == [99]
    assert inference_steps(4, 4) == [3, 2, 1, 0]
    for bad in (0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            inference_steps(100, bad)
