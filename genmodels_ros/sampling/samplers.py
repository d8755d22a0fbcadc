"""The samplers: one step of a reverse process each, from x_t to the less noisy x_s, given an estimate of x_0 at x_t.

DDPM and DDIM with eta > 0 draw new noise on the way. DDIM with eta = 0, DPM-Solver++, Euler and Heun follow one and the
same curve (the probability flow ODE) and differ in how near they keep to it in few steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Transition:
    """All that is known when x_t [B, *] is to become x_s.

    x_0, eps: the estimate at x_t
    alpha_t, sigma_t, alpha_s, sigma_s: scalar tensors; in the last transition alpha_s = 1 and sigma_s = 0
    estimate_at_s: x_s -> (x_0, eps), one more evaluation of the network; None in the last transition
    previous: the transition before this one; None in the first
    rng: the source of new noise
    """

    x_t: Tensor
    x_0: Tensor
    eps: Tensor
    alpha_t: Tensor
    sigma_t: Tensor
    alpha_s: Tensor
    sigma_s: Tensor
    estimate_at_s: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None
    previous: "Transition | None" = None
    rng: torch.Generator | None = None


Sampler = Callable[[Transition], Tensor]


def ddpm_step(at: Transition) -> Tensor:
    """A draw of the posterior q(x_s | x_t, x_0): Ho et al. 2020, eq. 6 and 7, for any alpha and sigma (Kingma et al.
    2021, "Variational Diffusion Models", appendix A).
    """
    kept = at.alpha_t / at.alpha_s * at.sigma_s**2 / at.sigma_t**2
    mean = kept * at.x_t + (at.alpha_s - kept * at.alpha_t) * at.x_0
    return mean + _posterior_deviation(at) * _new_noise(at)


def ddim_step(eta: float = 0.0) -> Sampler:
    """Song et al. 2021, "Denoising Diffusion Implicit Models", eq. 12. eta = 0 is deterministic given x_T; eta = 1 has
    the variance of DDPM (eq. 16).
    """

    def step(at: Transition) -> Tensor:
        if eta == 0:
            return at.alpha_s * at.x_0 + at.sigma_s * at.eps
        added = eta * _posterior_deviation(at)
        kept = (at.sigma_s**2 - added**2).clamp(min=0).sqrt()
        return at.alpha_s * at.x_0 + kept * at.eps + added * _new_noise(at)

    return step


def dpm_solver_step(at: Transition) -> Tensor:
    """DPM-Solver++(2M): Lu et al. 2022, "DPM-Solver++", algorithm 2; of second order by remembering one estimate.

    In lambda = log(alpha / sigma) the ODE is linear but for x_0, which is extrapolated from its last two estimates.
    The first step has one estimate only and the last one, into sigma = 0, an infinite lambda: both are of first order.
    It gains most where steps are about even in lambda, as on the cosine schedule; flow's last ones are not: see Heun.
    """
    x_0, before = at.x_0, at.previous
    if before is not None and at.sigma_s > 0:
        h = _log_ratio(at.alpha_s, at.sigma_s) - _log_ratio(at.alpha_t, at.sigma_t)
        h_before = _log_ratio(at.alpha_t, at.sigma_t) - _log_ratio(before.alpha_t, before.sigma_t)
        x_0 = x_0 + h / (2 * h_before) * (x_0 - before.x_0)
    kept = at.sigma_s / at.sigma_t
    return kept * at.x_t + (at.alpha_s - kept * at.alpha_t) * x_0


def euler_step(at: Transition) -> Tensor:
    """Along the velocity eps - x_0 of the straight flow (Liu et al. 2023, "Flow Straight and Fast", section 2.1).

    The noise schedule need not be flow matching's: see _straightened.
    """
    x, time, next_time, next_scale = _straightened(at)
    return next_scale * (x + (next_time - time) * (at.eps - at.x_0))


def heun_step(at: Transition) -> Tensor:
    """Along the mean of the velocities at both ends: Heun's method, of second order (Karras et al. 2022, algorithm 1).

    It evaluates the network twice, but for the last step, which is Euler's.
    """
    x, time, next_time, next_scale = _straightened(at)
    velocity = at.eps - at.x_0
    if at.estimate_at_s is not None:
        x_0, eps = at.estimate_at_s(next_scale * (x + (next_time - time) * velocity))
        velocity = (velocity + eps - x_0) / 2
    return next_scale * (x + (next_time - time) * velocity)


def consistency_step(at: Transition) -> Tensor:
    """New noise on the estimate of x_0, for networks whose estimate at any x_t is the end of its curve: Song et al.
    2023, "Consistency Models", algorithm 1. One step is the estimate itself. Wrong for any other network.
    """
    return at.alpha_s * at.x_0 + at.sigma_s * _new_noise(at)


SAMPLERS: dict[str, Sampler] = {
    "ddpm": ddpm_step,
    "ddim": ddim_step(),
    "dpm_solver": dpm_solver_step,
    "euler": euler_step,
    "heun": heun_step,
}


def _posterior_deviation(at: Transition) -> Tensor:
    """Standard deviation of x_s given x_t and x_0."""
    added = at.sigma_t**2 - (at.alpha_t / at.alpha_s * at.sigma_s) ** 2
    return at.sigma_s / at.sigma_t * added.clamp(min=0).sqrt()


def _straightened(at: Transition) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every schedule is flow matching's, scaled: x / (alpha + sigma) at the time sigma / (alpha + sigma)."""
    scale, next_scale = at.alpha_t + at.sigma_t, at.alpha_s + at.sigma_s
    return at.x_t / scale, at.sigma_t / scale, at.sigma_s / next_scale, next_scale


def _log_ratio(alpha: Tensor, sigma: Tensor) -> Tensor:
    return alpha.log() - sigma.log()


def _new_noise(at: Transition) -> Tensor:
    device = at.x_t.device if at.rng is None else at.rng.device
    return torch.randn(at.x_t.shape, generator=at.rng, device=device, dtype=at.x_t.dtype).to(at.x_t.device)
