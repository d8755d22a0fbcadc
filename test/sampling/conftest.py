"""Distributions whose optimal denoiser is known in closed form."""

from types import SimpleNamespace

import pytest
import torch

from genmodels_ros.sampling.parameterisations import predicted
from genmodels_ros.sampling.reverse_process import inference_steps, sample

MEAN = torch.tensor([1.0, -0.5])
COVARIANCE = torch.tensor([[1.0, 0.6], [0.6, 0.5]])


def gaussian_x_0(x_t, alpha, sigma, mean=MEAN, covariance=COVARIANCE):
    """E[x_0 | x_t] for x_0 ~ N(m, C): m + a C (a² C + s² I)^-1 (x_t - a m)."""
    marginal = alpha**2 * covariance + sigma**2 * torch.eye(2)
    return mean + alpha * (x_t - alpha * mean) @ (torch.linalg.inv(marginal) @ covariance)


def mixture_x_0(x_t, alpha, sigma, *, weights, means, deviation):
    """E[x_0 | x_t] for a mixture of N(m_k, deviation² I): the components' means weighted by their share of x_t."""
    variance = alpha**2 * deviation**2 + sigma**2
    gap = x_t[:, None] - alpha * means
    share = (weights.log() - gap.square().sum(-1) / (2 * variance)).softmax(-1)
    each = means + alpha * deviation**2 / variance * gap
    return (share[..., None] * each).sum(1)


def optimal_denoiser(schedule, prediction="eps", x_0_given=gaussian_x_0, **distribution):
    def denoiser(x_t, t, before):
        alpha, sigma = schedule.at(t, torch.ones(()))
        x_0 = x_0_given(x_t, alpha, sigma, **distribution)
        return predicted(prediction, x_0, (x_t - alpha * x_0) / sigma, alpha, sigma)

    return denoiser


def draw(denoiser, schedule, sampler, num_inference_steps, count=4000, **options):
    rng = torch.Generator().manual_seed(3)
    x_T = torch.randn(count, 2, generator=rng)
    x_T = (x_T - x_T.mean(0)) / x_T.std(0)  # less left to chance
    steps = inference_steps(schedule.num_steps, num_inference_steps)
    return sample(denoiser, x_T, schedule, steps, sampler=sampler, rng=rng, **options)


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """Everything above, for the tests of this folder."""
    return SimpleNamespace(**{k: v for k, v in globals().items() if not k.startswith("_")})
