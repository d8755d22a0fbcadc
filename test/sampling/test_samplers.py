"""Where the optimal denoiser is known in closed form, every sampler recovers the distribution."""

import pytest
import torch

from genmodels_ros.sampling.parameterisations import PARAMETERISATIONS
from genmodels_ros.sampling.samplers import (
    SAMPLERS,
    consistency_step,
    ddim_step,
    ddpm_step,
    dpm_solver_step,
    euler_step,
    heun_step,
)
from genmodels_ros.sampling.schedules import SCHEDULES, cosine_schedule, flow_schedule

ALL = SAMPLERS | {"ddim eta 0.5": ddim_step(0.5)}
MIXTURE = {"weights": torch.tensor([0.3, 0.7]), "means": torch.tensor([[-1.5, 0.0], [1.0, 0.5]]), "deviation": 0.3}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("sampler", ALL)
def test_every_sampler_recovers_a_gaussian(toy, schedule, sampler):
    schedule = SCHEDULES[schedule](300)
    x_0 = toy.draw(toy.optimal_denoiser(schedule), schedule, ALL[sampler], 300)
    torch.testing.assert_close(x_0.mean(0), toy.MEAN, atol=0.05, rtol=0)
    torch.testing.assert_close(x_0.T.cov(), toy.COVARIANCE, atol=0.07, rtol=0)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("sampler", ALL)
@pytest.mark.parametrize("prediction", PARAMETERISATIONS)
def test_the_parameterisation_changes_nothing_for_the_exact_denoiser(toy, schedule, sampler, prediction):
    schedule = SCHEDULES[schedule](100)
    one, other = (
        toy.draw(toy.optimal_denoiser(schedule, name), schedule, ALL[sampler], 10, 32, prediction=name)
        for name in (prediction, "x_0")
    )
    torch.testing.assert_close(one, other, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_recovers_the_weights_and_places_of_a_mixture(toy, schedule, sampler):
    schedule = SCHEDULES[schedule](200)
    x_0 = toy.draw(
        toy.optimal_denoiser(schedule, x_0_given=toy.mixture_x_0, **MIXTURE), schedule, SAMPLERS[sampler], 200, 8000
    )
    first = x_0[:, 0] < -0.5
    assert first.float().mean().item() == pytest.approx(0.3, abs=0.02)
    for part, mean in zip((x_0[first], x_0[~first]), MIXTURE["means"], strict=True):
        torch.testing.assert_close(part.mean(0), mean, atol=0.03, rtol=0)
        torch.testing.assert_close(part.std(0), torch.full((2,), 0.3), atol=0.03, rtol=0)


def distance_from_the_curve(toy, schedule, sampler, num_inference_steps) -> float:
    x_0 = toy.draw(toy.optimal_denoiser(schedule), schedule, sampler, num_inference_steps, 256)
    exact = toy.draw(toy.optimal_denoiser(schedule), schedule, heun_step, schedule.num_steps, 256)
    return (x_0 - exact).square().mean().sqrt().item()


@pytest.mark.parametrize("sampler", ["ddim", "dpm_solver", "euler", "heun"])
def test_more_steps_come_closer_to_the_curve(toy, sampler):
    errors = [distance_from_the_curve(toy, cosine_schedule(400), SAMPLERS[sampler], n) for n in (5, 20, 80)]
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2]


@pytest.mark.parametrize("sampler", [dpm_solver_step, heun_step])
def test_the_second_order_beats_the_first_at_eight_steps(toy, sampler):
    schedule = cosine_schedule(400)
    first = distance_from_the_curve(toy, schedule, ddim_step(), 8)
    assert distance_from_the_curve(toy, schedule, sampler, 8) < 0.7 * first


def test_ddim_with_eta_one_is_ddpm(toy):
    """Song et al. section 4.1: the same posterior, so the same numbers from the same noise."""
    for schedule in (cosine_schedule(100), flow_schedule(100)):
        a, b = (
            toy.draw(toy.optimal_denoiser(schedule), schedule, step, 20, 64) for step in (ddpm_step, ddim_step(1.0))
        )
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_euler_is_ddim_without_noise(toy, schedule):
    """On every schedule: DDIM's step is exact for a constant x_0 and eps, and so is Euler's on the straight flow."""
    schedule = SCHEDULES[schedule](100)
    a, b = (toy.draw(toy.optimal_denoiser(schedule), schedule, step, 10, 64) for step in (euler_step, ddim_step()))
    torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("num_steps", [1, 2, 5])
def test_the_consistency_step_samples_exactly_with_a_network_that_knows_the_end_of_every_curve(toy, num_steps):
    """For N(m, s² I) the curve through x_t ends at m + s (x_t - alpha m) / sqrt(alpha² s² + sigma²)."""
    schedule, deviation = cosine_schedule(100), 0.3

    def consistent(x_t, alpha, sigma):
        return toy.MEAN + deviation * (x_t - alpha * toy.MEAN) / (alpha**2 * deviation**2 + sigma**2).sqrt()

    denoiser = toy.optimal_denoiser(schedule, x_0_given=consistent)
    samples = toy.draw(denoiser, schedule, consistency_step, num_steps)
    torch.testing.assert_close(samples.mean(0), toy.MEAN, atol=0.02, rtol=0)
    torch.testing.assert_close(samples.std(0), torch.full((2,), deviation), atol=0.02, rtol=0)
