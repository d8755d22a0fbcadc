"""The forward process of generative models by noise: how much signal and how much noise is left at each step.

    x_t = alpha_t x_0 + sigma_t eps

    x_0             data, [B, *]
    eps             standard normal noise, the shape of x_0
    t               step, 0 .. T-1, integer tensor [B] or a plain int; 0 is nearly data, T-1 nearly noise
    alpha_t         scale of the signal, decreasing from nearly 1 to nearly 0
    sigma_t         scale of the noise, increasing from nearly 0 to nearly 1

Diffusion preserves variance, alpha_t² + sigma_t² = 1 (alpha_bar_t = alpha_t²); flow matching interpolates linearly,
alpha_t + sigma_t = 1. Samplers and networks need not know which.

References: Ho et al. 2020, "Denoising Diffusion Probabilistic Models" (DDPM); Nichol & Dhariwal 2021, "Improved DDPM";
Lipman et al. 2023, "Flow Matching for Generative Modeling"; Liu et al. 2023, "Flow Straight and Fast" (rectified flow);
Kingma et al. 2021, "Variational Diffusion Models" (alpha_t, sigma_t).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class NoiseSchedule:
    """alpha, sigma: [T] float32 in (0, 1), strictly decreasing and strictly increasing."""

    alpha: Tensor
    sigma: Tensor

    @property
    def num_steps(self) -> int:
        """T, the length of the forward process."""
        return len(self.alpha)

    def at(self, t: Tensor | int, like: Tensor) -> tuple[Tensor, Tensor]:
        """alpha_t and sigma_t on the device and in the dtype of `like`, shaped to multiply it."""
        pair = (scale[t.to(scale.device) if isinstance(t, Tensor) else t] for scale in (self.alpha, self.sigma))
        return tuple(v.to(like.device, like.dtype).reshape(v.shape + (1,) * (like.ndim - v.ndim)) for v in pair)

    def forward_process(self, x_0: Tensor, t: Tensor | int, eps: Tensor) -> Tensor:
        """x_t, a draw of q(x_t | x_0) (Ho et al. eq. 4; Lipman et al. eq. 22)."""
        alpha_t, sigma_t = self.at(t, x_0)
        return alpha_t * x_0 + sigma_t * eps


def variance_preserving(alpha_bar: Tensor) -> NoiseSchedule:
    """The schedule of alpha_bar [T], the share of the signal's variance."""
    return NoiseSchedule(alpha_bar.sqrt().float(), (1 - alpha_bar).sqrt().float())


def linear_schedule(num_steps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> NoiseSchedule:
    """Variances beta_t that grow linearly (Ho et al. section 4, stated for T = 1000 and scaled by 1000 / T here)."""
    scale = 1000 / num_steps
    beta = torch.linspace(beta_start * scale, beta_end * scale, num_steps, dtype=torch.float64).clamp(max=0.999)
    return variance_preserving(torch.cumprod(1 - beta, 0))


def cosine_schedule(num_steps: int, offset: float = 0.008) -> NoiseSchedule:
    """alpha_bar follows a squared cosine (Nichol & Dhariwal eq. 17), with beta_t at most 0.999."""
    u = torch.arange(num_steps + 1, dtype=torch.float64) / num_steps
    f = torch.cos((u + offset) / (1 + offset) * math.pi / 2) ** 2
    beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return variance_preserving(torch.cumprod(1 - beta, 0))


def flow_schedule(num_steps: int) -> NoiseSchedule:
    """Flow matching's straight line from data to noise (Liu et al. eq. 1), at the middles of T equal intervals of its
    time, so that neither signal nor noise is ever 0 and every parameterisation stays defined.
    """
    sigma = (torch.arange(num_steps, dtype=torch.float64) + 0.5) / num_steps
    return NoiseSchedule((1 - sigma).float(), sigma.float())


SCHEDULES = {"cosine": cosine_schedule, "linear": linear_schedule, "flow": flow_schedule}
