"""The forward process of diffusion models and its noise schedules.

    x_0         data, [B, *]
    eps         standard normal noise, the shape of x_0
    t           step, 0 .. T-1, integer tensor [B] or a plain int
    alpha_bar_t share of the signal's variance left at step t, decreasing from nearly 1 to nearly 0

References: Ho et al. 2020, "Denoising Diffusion Probabilistic Models" (DDPM); Nichol & Dhariwal 2021, "Improved DDPM".
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class NoiseSchedule:
    """alpha_bar: [T] float32, strictly decreasing in (0, 1)."""

    alpha_bar: Tensor

    @property
    def num_steps(self) -> int:
        """T, the length of the forward process."""
        return len(self.alpha_bar)

    def alpha_bar_at(self, t: Tensor | int, like: Tensor) -> Tensor:
        """alpha_bar_t on the device and in the dtype of `like`, shaped to multiply it."""
        value = self.alpha_bar.to(like.device)[t].to(like.dtype)
        return value.reshape(value.shape + (1,) * (like.ndim - value.ndim))

    def forward_process(self, x_0: Tensor, t: Tensor | int, eps: Tensor) -> Tensor:
        """x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps, a draw of q(x_t | x_0) (Ho et al. eq. 4)."""
        alpha_bar_t = self.alpha_bar_at(t, x_0)
        return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * eps

    def x_0_from_eps(self, x_t: Tensor, t: Tensor | int, eps: Tensor) -> Tensor:
        """The x_0 that x_t and its noise imply: the forward process solved for x_0."""
        alpha_bar_t = self.alpha_bar_at(t, x_t)
        return (x_t - (1 - alpha_bar_t).sqrt() * eps) / alpha_bar_t.sqrt()

    def eps_from_x_0(self, x_t: Tensor, t: Tensor | int, x_0: Tensor) -> Tensor:
        """The noise that x_t and x_0 imply: the forward process solved for eps."""
        alpha_bar_t = self.alpha_bar_at(t, x_t)
        return (x_t - alpha_bar_t.sqrt() * x_0) / (1 - alpha_bar_t).sqrt()


def linear_schedule(num_steps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> NoiseSchedule:
    """Variances beta_t that grow linearly (Ho et al. section 4, stated for T = 1000 and scaled by 1000 / T here)."""
    scale = 1000 / num_steps
    beta = torch.linspace(beta_start * scale, beta_end * scale, num_steps, dtype=torch.float64).clamp(max=0.999)
    return NoiseSchedule(torch.cumprod(1 - beta, 0).float())


def cosine_schedule(num_steps: int, offset: float = 0.008) -> NoiseSchedule:
    """alpha_bar follows a squared cosine (Nichol & Dhariwal eq. 17), with beta_t at most 0.999."""
    u = torch.arange(num_steps + 1, dtype=torch.float64) / num_steps
    f = torch.cos((u + offset) / (1 + offset) * math.pi / 2) ** 2
    beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return NoiseSchedule(torch.cumprod(1 - beta, 0).float())


SCHEDULES = {"cosine": cosine_schedule, "linear": linear_schedule}
