"""The density of what a deterministic sampler draws, by following it backwards from data to noise.

With x' = x_t / (alpha_t + sigma_t) and u = sigma_t / (alpha_t + sigma_t), the probability flow ODE of every schedule is
flow matching's,  dx'/du = eps - x_0  (see samplers.py), and along it

    log p_0(x) = log p_T(x_T) + ∫ div (eps - x_0) du         (Song et al. 2021, eq. 39; Chen et al. 2018, eq. 8)

It starts at step 0, where the noise is sigma_0 already: what is finer than that is not seen.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from genmodels_ros.sampling.normal import standard_normal_log_prob
from genmodels_ros.sampling.parameterisations import signal_and_noise
from genmodels_ros.sampling.schedules import NoiseSchedule

RowDenoiser = Callable[[Tensor, int, slice], Tensor]  # (x_t [n, D], t, which rows of x they are) -> prediction

EXACT_TRACE = 100  # dimensions up to which the divergence is exact
ROWS = 32_768  # of x times directions, at once
LEAST_SIGNAL = 0.01  # alpha_t at which noise is taken for N(0, I)


@torch.no_grad()
def log_density(
    denoiser: RowDenoiser,
    x: Tensor,
    schedule: NoiseSchedule,
    num_steps: int,
    *,
    prediction: str,
    probes: int,
    rng: torch.Generator,
) -> Tensor:
    """[N] nats of x [N, D] by Heun's method in num_steps steps.

    probes: random directions of Hutchinson's estimate of the trace, above EXACT_TRACE dimensions.
    """
    directions = _directions(x.shape[1], probes, rng).to(x)
    size = max(1, ROWS // len(directions))
    parts = [slice(first, first + size) for first in range(0, len(x), size)]
    return torch.cat(
        [_log_density(denoiser, x[rows], rows, schedule, num_steps, prediction, directions) for rows in parts]
    )


def _log_density(denoiser, x, rows, schedule, num_steps, prediction, directions) -> Tensor:
    last = int((schedule.alpha >= LEAST_SIGNAL).sum()) - 1
    steps = sorted(set(torch.linspace(0, last, num_steps + 1).round().long().tolist()))
    D, one = x.shape[1], x.new_ones(())
    weight = D / (directions.square().sum(1).mean() * len(directions))  # 1 for a basis

    def velocity(t: int, x: Tensor) -> Tensor:
        alpha_t, sigma_t = schedule.at(t, one)
        x_t = x * (alpha_t + sigma_t)
        x_0, eps = signal_and_noise(prediction, denoiser(x_t, t, rows), x_t, alpha_t, sigma_t)
        return eps - x_0

    def with_divergence(t: int, x: Tensor) -> tuple[Tensor, Tensor]:
        along = lambda v: torch.func.jvp(lambda x: velocity(t, x), (x,), (v.expand_as(x),))  # noqa: E731
        value, slopes = torch.func.vmap(along, randomness="error")(directions)  # [V, n, D] each
        return value[0], weight * (slopes * directions[:, None]).sum((0, 2))

    alpha, sigma = schedule.at(0, one)
    time = sigma / (alpha + sigma)
    x, total = x * alpha / (alpha + sigma), x.new_full((len(x),), D * float((alpha / (alpha + sigma)).log()))
    for t, s in pairwise(steps):
        alpha, sigma = schedule.at(s, one)
        step = sigma / (alpha + sigma) - time
        v, divergence = with_divergence(t, x)
        v_s, divergence_s = with_divergence(s, x + step * v)
        x, total = x + step * (v + v_s) / 2, total + step * (divergence + divergence_s) / 2
        time = time + step
    scale = alpha + sigma
    deviation = (alpha**2 + sigma**2).sqrt()
    x_T = x * scale / deviation
    return total + standard_normal_log_prob(x_T) + D * (scale / deviation).log()


def _directions(dimension: int, probes: int, rng: torch.Generator) -> Tensor:
    """[V, D]: all axes, or random signs (Hutchinson 1990)."""
    if dimension <= EXACT_TRACE:
        return torch.eye(dimension)
    return 2.0 * torch.randint(2, (probes, dimension), generator=rng) - 1
