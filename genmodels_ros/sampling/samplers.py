"""Reverse processes: from noise x_T to data x_0 with a network that predicts the noise.

    x_t, t       the current array [B, *] and step
    s            the next, less noisy step of the chosen sub-sequence; past the last one, alpha_bar_s = 1
    eps_model    (x_t, t) -> eps, the noise predicted in x_t; t is an integer tensor [B]
    x_0          the data that x_t and eps imply
    rng          the torch.Generator every random number comes from

References: Ho et al. 2020 (DDPM); Song, Meng & Ermon 2021, "Denoising Diffusion Implicit Models" (DDIM).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from genmodels_ros.sampling.schedules import NoiseSchedule

EpsModel = Callable[[Tensor, Tensor], Tensor]
CostGradient = Callable[[Tensor, int], Tensor]
Step = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, torch.Generator | None], Tensor]


def ddpm_step(x_t: Tensor, x_0: Tensor, eps: Tensor, alpha_bar_t: Tensor, alpha_bar_s: Tensor, rng) -> Tensor:
    """A draw of the posterior q(x_s | x_t, x_0), Ho et al. eq. 6 and 7, with alpha_t = alpha_bar_t / alpha_bar_s."""
    alpha_t = alpha_bar_t / alpha_bar_s
    beta_t = 1 - alpha_t
    mean = (alpha_bar_s.sqrt() * beta_t * x_0 + alpha_t.sqrt() * (1 - alpha_bar_s) * x_t) / (1 - alpha_bar_t)
    variance = (1 - alpha_bar_s) / (1 - alpha_bar_t) * beta_t
    return mean + variance.sqrt() * _normal_like(x_t, rng)


def ddim_step(eta: float = 0.0) -> Step:
    """Song et al. eq. 12. eta = 0 is deterministic given x_T; eta = 1 has the variance of DDPM (eq. 16)."""

    def step(x_t: Tensor, x_0: Tensor, eps: Tensor, alpha_bar_t: Tensor, alpha_bar_s: Tensor, rng) -> Tensor:
        sigma = eta * ((1 - alpha_bar_s) / (1 - alpha_bar_t) * (1 - alpha_bar_t / alpha_bar_s)).sqrt()
        x_s = alpha_bar_s.sqrt() * x_0 + (1 - alpha_bar_s - sigma**2).clamp(min=0).sqrt() * eps
        return x_s + sigma * _normal_like(x_t, rng) if eta > 0 else x_s

    return step


def inference_steps(num_steps: int, num_inference_steps: int) -> list[int]:
    """Evenly spaced steps from T-1 down to 0. Raises ValueError outside 1 .. T."""
    if not 1 <= num_inference_steps <= num_steps:
        raise ValueError(f"num_inference_steps must be 1 to {num_steps}, got {num_inference_steps}")
    return torch.linspace(num_steps - 1, 0, num_inference_steps, dtype=torch.float64).round().long().tolist()


@torch.no_grad()
def sample(
    eps_model: EpsModel,
    x_t: Tensor,
    schedule: NoiseSchedule,
    *,
    step: Step,
    num_inference_steps: int,
    rng: torch.Generator | None = None,
    x_0_bound: float | None = None,
    cost_gradient: CostGradient | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """Carries x_T [B, *], standard normal, to x_0 [B, *].

    step: ddpm_step or ddim_step(eta)
    x_0_bound: estimates of x_0 are clipped to it, which keeps the first steps, where x_t holds little signal, in range
    cost_gradient: (x_0, t) -> gradient of a cost at x_0. The estimate moves by (1 - alpha_bar_t) x gradient against it:
        for data of unit variance that is the posterior mean of x_0 under the density tilted by exp(-cost)
    progress: called with (steps done, steps in all) after every step; may raise to stop
    """
    steps = inference_steps(schedule.num_steps, num_inference_steps)
    one = torch.ones((), dtype=x_t.dtype, device=x_t.device)
    for i, t in enumerate(steps):
        alpha_bar_t = schedule.alpha_bar_at(t, one)
        alpha_bar_s = schedule.alpha_bar_at(steps[i + 1], one) if i + 1 < len(steps) else one
        eps = eps_model(x_t, torch.full((len(x_t),), t, device=x_t.device))
        x_0 = schedule.x_0_from_eps(x_t, t, eps)
        if cost_gradient is not None:
            x_0 = x_0 - (1 - alpha_bar_t) * cost_gradient(x_0, t)
        if x_0_bound is not None:
            x_0 = x_0.clamp(-x_0_bound, x_0_bound)
        if cost_gradient is not None or x_0_bound is not None:
            eps = schedule.eps_from_x_0(x_t, t, x_0)
        x_t = step(x_t, x_0, eps, alpha_bar_t, alpha_bar_s, rng)
        if progress is not None:
            progress(i + 1, len(steps))
    return x_t


def _normal_like(x: Tensor, rng: torch.Generator | None) -> Tensor:
    return torch.randn(x.shape, generator=rng, device=x.device, dtype=x.dtype)
