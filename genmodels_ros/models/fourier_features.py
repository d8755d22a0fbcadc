"""Waves of an input beside the input: without them a small network is smooth, and slow to learn what is steep."""

import math

import torch
from torch import Tensor, nn

WIDEST = 0.3  # scale of the widest wave, per unit


class FourierFeatures(nn.Module):
    """x → sin(W x), cos(W x), W drawn once: lets a small network be steep (Tancik et al. 2020). scales [F] of W."""

    def __init__(self, inputs: int, scales: Tensor):
        super().__init__()
        self.register_buffer("waves", torch.randn(inputs, len(scales)) * scales)

    def forward(self, x: Tensor) -> Tensor:
        phase = x @ self.waves
        return torch.cat([phase.sin(), phase.cos()], dim=-1)


def of_unit_columns(inputs: int, count: int, steepest: float) -> FourierFeatures:
    """`count` waves from WIDEST to `steepest` per unit, for inputs of about unit variance.

    They turn as often in many dimensions as in two: |x| grows with the root of their number.
    """
    scales = torch.logspace(math.log10(WIDEST), math.log10(steepest), count)
    return FourierFeatures(inputs, scales * (2 / max(inputs, 2)) ** 0.5)
