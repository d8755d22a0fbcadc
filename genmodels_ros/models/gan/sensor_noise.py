"""Noise where a sensor adds it: in linear light, before the picture is encoded for the eye.

Encoding stretches what is dark, so that the same noise shows most there; added to the encoded picture it would show
everywhere alike. The curve is x = (sqrt(L + s²) - s) / (sqrt(1 + s²) - s): a root, nearly the power of 1 / 2.2 of
cameras, whose slope at black is the 12.92 of sRGB (IEC 61966-2-1) so that gradients stay finite. Beyond black it goes
on straight.
"""

import math

import torch
from torch import Tensor

BLACK_SLOPE = 12.92  # dx / dL at L = 0
# s and its span sqrt(1 + s²) - s with 1 / (2 s span) = BLACK_SLOPE: 4 s² (sqrt(1 + s²) - s)² = 1 / BLACK_SLOPE²
_SHIFT = 0.04029031
_SPAN = math.sqrt(1 + _SHIFT**2) - _SHIFT


def decode(x: Tensor) -> Tensor:
    """Encoded values → linear light, 0 and 1 to themselves."""
    root = _SPAN * x + _SHIFT
    return torch.where(x > 0, root * root - _SHIFT**2, x / BLACK_SLOPE)


def encode(light: Tensor) -> Tensor:
    """Linear light → encoded values, the inverse of `decode`."""
    root = torch.sqrt(light.clamp(min=0) + _SHIFT**2)
    return torch.where(light > 0, (root - _SHIFT) / _SPAN, light * BLACK_SLOPE)


def expose(image: Tensor, noise: Tensor, eps: Tensor) -> Tensor:
    """The encoded image [B, 3, H, W] with noise in its light: sigma² = read² + shot² L (EMVA 1288).

    noise [B, 2]: deviations of the read noise and, at L = 1, of the shot noise; eps like image, standard normal.
    """
    light = decode(image)
    return encode(light + deviation(light, noise) * eps)


def deviation(level: Tensor, noise: Tensor) -> Tensor:
    """sigma(level) = sqrt(read² + shot² level), level [B, 3, H, W], noise [B, 2]."""
    read, shot = (noise**2)[:, :, None, None, None].unbind(1)
    return torch.sqrt(read + shot * level.clamp(0, 1) + 1e-12)
