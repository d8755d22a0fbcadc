"""Convolutions over the circle of beams: the last beam neighbours the first."""

from itertools import pairwise

import torch
from torch import Tensor, nn


class CircularConv(nn.Conv1d):
    """A convolution that keeps the number of beams and wraps around."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 5, dilation: int = 1):
        padding = dilation * (kernel - 1) // 2
        super().__init__(channels_in, channels_out, kernel, padding=padding, dilation=dilation, padding_mode="circular")


class ResidualBlock(nn.Module):
    """x + conv(silu(conv(silu(x)))); the dilation lets few layers see far around the circle."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.first = CircularConv(channels, channels, 3, dilation)
        self.second = CircularConv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(nn.functional.silu(self.first(nn.functional.silu(x))))


class CircularNet(nn.Module):
    """Per-beam features [B, C, N] from channels [B, C_in, N], optionally shifted by a context [B, C]."""

    def __init__(self, channels_in: int, channels: int, dilations: tuple[int, ...] = (1, 3, 9)):
        super().__init__()
        self.input = CircularConv(channels_in, channels, 5)
        self.blocks = nn.ModuleList(ResidualBlock(channels, dilation) for dilation in dilations)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        x = self.input(x)
        if context is not None:
            x = x + context[..., None]
        for block in self.blocks:
            x = block(x)
        return nn.functional.silu(x)


def pool_sectors(features: Tensor, sectors: int) -> Tensor:
    """Mean over equal sectors of the circle, flattened: [B, C, N] to [B, C * sectors]."""
    return nn.functional.adaptive_avg_pool1d(features, sectors).flatten(1)


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers with SiLU between them."""
    layers = []
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def zero_(layer: nn.Module) -> nn.Module:
    """The layer with zero weights, so that what it corrects starts uncorrected."""
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    return layer
