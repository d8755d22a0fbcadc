"""The reverse process: from noise x_T to data x_0 with a network that denoises, by any sampler.

    denoiser    (x_t, t, x_0) -> prediction, in one of the parameterisations. t is an int; x_0 is the estimate of the
                step before, None at the first: a self-conditioned network (Chen et al. 2023, "Analog Bits") looks at it

Warm start: x_t may be the forward process of a known x_0 at a step t < T; `steps` then begins at that t.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from genmodels_ros.sampling.parameterisations import signal_and_noise
from genmodels_ros.sampling.samplers import Sampler, Transition
from genmodels_ros.sampling.schedules import NoiseSchedule

Denoiser = Callable[[Tensor, int, Tensor | None], Tensor]
CostGradient = Callable[[Tensor, int], Tensor]


def inference_steps(
    num_steps: int, num_inference_steps: int, first: int | None = None, spacing: str = "linspace"
) -> list[int]:
    """Evenly spaced steps from T-1 downwards; for a warm start, those of them that are at most `first`.

    spacing: "linspace" ends at 0, where next to no noise is left; "trailing" ends a whole stride above the data (Lin et
    al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed", table 2), so that no step is nearly idle.
    Raises ValueError outside 1 .. T or for another spacing.
    """
    if not 1 <= num_inference_steps <= num_steps:
        raise ValueError(f"num_inference_steps must be 1 to {num_steps}, got {num_inference_steps}")
    if spacing not in ("linspace", "trailing"):
        raise ValueError(f"spacing must be linspace or trailing, got {spacing!r}")
    last = 0 if spacing == "linspace" else num_steps / num_inference_steps - 1
    steps = torch.linspace(num_steps - 1, last, num_inference_steps, dtype=torch.float64).round().long().tolist()
    return steps if first is None else [t for t in steps if t <= first] or [first]


@torch.no_grad()
def sample(
    denoiser: Denoiser,
    x_t: Tensor,
    schedule: NoiseSchedule,
    steps: Sequence[int],
    *,
    sampler: Sampler,
    prediction: str = "eps",
    rng: torch.Generator | None = None,
    x_0_bound: float | None = None,
    cost_gradient: CostGradient | None = None,
    on_step: Callable[[int, int, Tensor], None] | None = None,
) -> Tensor:
    """Carries x_t [B, *] at steps[0] (standard normal for T-1) to x_0 [B, *].

    steps: decreasing, e.g. inference_steps(...)
    sampler: one of samplers.py
    prediction: the denoiser's parameterisation
    x_0_bound: estimates of x_0 are clipped to it, which keeps the first steps, where x_t holds little signal, in range
    cost_gradient: (x_0, t) -> gradient of a cost at x_0. The estimate moves by the variance of x_0 given x_t times the
        gradient against it: for normal data of unit variance, the posterior mean under the density tilted by exp(-cost)
    on_step: called with (steps done, steps in all, estimate of x_0) after every step; may raise to stop
    """

    def estimate(x_t: Tensor, t: int, before: Tensor | None) -> tuple[Tensor, Tensor]:
        alpha_t, sigma_t = schedule.at(t, scalar)
        x_0, eps = signal_and_noise(prediction, denoiser(x_t, t, before), x_t, alpha_t, sigma_t)
        if cost_gradient is not None:
            x_0 = x_0 - sigma_t**2 / (alpha_t**2 + sigma_t**2) * cost_gradient(x_0, t)
        if x_0_bound is not None:
            x_0 = x_0.clamp(-x_0_bound, x_0_bound)
        if cost_gradient is not None or x_0_bound is not None:
            eps = (x_t - alpha_t * x_0) / sigma_t
        return x_0, eps

    scalar = torch.ones((), dtype=x_t.dtype, device=x_t.device)
    levels = [schedule.at(t, scalar) for t in steps] + [(scalar, 0 * scalar)]
    at = None
    for i, t in enumerate(steps):
        x_0, eps = estimate(x_t, t, None if at is None else at.x_0)
        again = partial(estimate, t=steps[i + 1], before=x_0) if i + 1 < len(steps) else None
        at = Transition(x_t, x_0, eps, *levels[i], *levels[i + 1], estimate_at_s=again, previous=at, rng=rng)
        x_t = sampler(at)
        if on_step is not None:
            on_step(i + 1, len(steps), x_0)
    return x_t
