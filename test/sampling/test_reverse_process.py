"""The loop around the samplers: determinism, guidance by a cost, bounds, warm starts, and what callbacks see."""

import pytest
import torch

from genmodels_ros.sampling.reverse_process import inference_steps, sample
from genmodels_ros.sampling.samplers import SAMPLERS, ddim_step, ddpm_step
from genmodels_ros.sampling.schedules import SCHEDULES, cosine_schedule

STANDARD = {"mean": torch.zeros(2), "covariance": torch.eye(2)}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_guidance_by_a_linear_cost_shifts_a_standard_normal_by_its_gradient(toy, sampler):
    """The density tilted by exp(-g x) is N(-g, I)."""
    schedule, gradient = cosine_schedule(200), torch.tensor([0.7, -1.2])
    x_0 = toy.draw(
        toy.optimal_denoiser(schedule, **STANDARD),
        schedule,
        SAMPLERS[sampler],
        200,
        cost_gradient=lambda x_0, t: gradient.expand_as(x_0),
    )
    torch.testing.assert_close(x_0.mean(0), -gradient, atol=0.06, rtol=0)
    torch.testing.assert_close(x_0.T.cov(), torch.eye(2), atol=0.08, rtol=0)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_guidance_reduces_its_cost(toy, schedule):
    """A quadratic well away from the mean, as weak and as strong guidance."""
    schedule, well = SCHEDULES[schedule](100), torch.tensor([-1.0, 1.0])

    def cost(weight):
        x_0 = toy.draw(
            toy.optimal_denoiser(schedule),
            schedule,
            ddim_step(),
            20,
            2000,
            cost_gradient=lambda x, t: weight * (x - well),
        )
        return (x_0 - well).square().sum(-1).mean().item()

    free, weak, strong = cost(0.0), cost(0.2), cost(1.0)
    assert strong < weak < free and strong < 0.7 * free


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_estimates_stay_within_their_bound(toy, sampler):
    schedule = cosine_schedule(100)
    seen = []
    toy.draw(
        lambda x_t, t, before: torch.zeros_like(x_t),
        schedule,
        SAMPLERS[sampler],
        5,
        x_0_bound=1.5,
        on_step=lambda step, steps, x_0: seen.append(x_0.abs().max()),
    )
    assert max(seen) <= 1.5


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("num_inference_steps", [1, 2, 7])
def test_the_same_seed_gives_the_same_samples_and_callbacks_see_every_step(toy, sampler, num_inference_steps):
    schedule, calls = cosine_schedule(100), []
    options = {"count": 8, "on_step": lambda step, steps, x_0: calls.append((step, steps, x_0))}
    a, b = (
        toy.draw(toy.optimal_denoiser(schedule), schedule, SAMPLERS[sampler], num_inference_steps, **options)
        for _ in "ab"
    )
    assert torch.equal(a, b) and a.isfinite().all()
    assert [call[:2] for call in calls[:num_inference_steps]] == [
        (i + 1, num_inference_steps) for i in range(num_inference_steps)
    ]
    torch.testing.assert_close(calls[-1][2], a, atol=1e-5, rtol=1e-5)  # the last estimate is the result


def test_the_denoiser_sees_the_estimate_of_the_step_before(toy):
    schedule, given, made = cosine_schedule(100), [], []

    def denoiser(x_t, t, before):
        given.append(before)
        return toy.optimal_denoiser(schedule)(x_t, t, before)

    toy.draw(denoiser, schedule, ddim_step(), 4, 8, on_step=lambda step, steps, x_0: made.append(x_0))
    assert given[0] is None
    for before, x_0 in zip(given[1:], made[:-1], strict=True):
        assert torch.equal(before, x_0)


@pytest.mark.parametrize("schedule", ["cosine", "flow"])
@pytest.mark.parametrize("step", [ddpm_step, ddim_step()], ids=["ddpm", "ddim"])
def test_a_warm_start_is_a_start_from_its_forward_process(toy, schedule, step):
    """Noise added to true samples up to half-way and removed again leaves the distribution as it was, and samples
    stay near where they started, the nearer the less noise was added.
    """
    schedule, rng = SCHEDULES[schedule](200), torch.Generator().manual_seed(0)
    x_0 = toy.MEAN + torch.randn(4000, 2, generator=rng)
    denoiser = toy.optimal_denoiser(schedule, x_0_given=toy.gaussian_x_0, covariance=torch.eye(2))
    distances = []
    for first in (150, 60, 10):
        steps = inference_steps(200, 200, first)
        x_t = schedule.forward_process(x_0, steps[0], torch.randn(x_0.shape, generator=rng))
        again = sample(denoiser, x_t, schedule, steps, sampler=step, rng=rng)
        torch.testing.assert_close(again.mean(0), toy.MEAN, atol=0.06, rtol=0)
        torch.testing.assert_close(again.T.cov(), torch.eye(2), atol=0.08, rtol=0)
        distances.append((again - x_0).norm(dim=-1).mean())
    assert distances[0] > 1.5 * distances[1] > 3 * distances[2]


def test_inference_steps_cover_both_ends_and_refuse_the_impossible():
    assert inference_steps(100, 5) == [99, 74, 50, 25, 0]
    assert inference_steps(100, 1) == [99]
    assert inference_steps(4, 4) == [3, 2, 1, 0]
    assert inference_steps(100, 5, spacing="trailing") == [99, 79, 59, 39, 19]
    assert inference_steps(4, 4, spacing="trailing") == [3, 2, 1, 0]
    assert inference_steps(100, 1, spacing="trailing") == [99]
    assert inference_steps(100, 5, first=60) == [50, 25, 0]
    assert inference_steps(100, 1, first=60) == [60]
    for bad in (0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            inference_steps(100, bad)
    with pytest.raises(ValueError, match="trailing"):
        inference_steps(100, 5, spacing="leading")
