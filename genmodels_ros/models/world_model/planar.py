"""Rigid motions of the plane, batched: poses (x [m], y [m], yaw [rad]) in arrays [*, 3]."""

import math

import torch
from torch import Tensor


def wrap(angle: Tensor) -> Tensor:
    """The same angle in [-pi, pi)."""
    return torch.remainder(angle + math.pi, 2 * math.pi) - math.pi


def rotate(vectors: Tensor, yaw: Tensor) -> Tensor:
    """Vectors [*, 2] turned counter-clockwise by yaw [*]."""
    cos, sin = yaw.cos(), yaw.sin()
    x, y = vectors[..., 0], vectors[..., 1]
    return torch.stack([cos * x - sin * y, sin * x + cos * y], dim=-1)


def compose(a: Tensor, b: Tensor) -> Tensor:
    """Pose b, given in the frame of pose a, in the frame that a is given in."""
    return torch.cat([a[..., :2] + rotate(b[..., :2], a[..., 2]), wrap(a[..., 2:] + b[..., 2:])], dim=-1)


def relative(a: Tensor, b: Tensor) -> Tensor:
    """Pose b in the frame of pose a: compose(a, relative(a, b)) = b."""
    return torch.cat([rotate(b[..., :2] - a[..., :2], -a[..., 2]), wrap(b[..., 2:] - a[..., 2:])], dim=-1)


def advance(pose: Tensor, twist: Tensor, seconds: float) -> Tensor:
    """The pose after driving `twist` [*, 2] (m/s forward, rad/s) for `seconds`: the exact arc of a unicycle."""
    turn = twist[..., 1] * seconds
    chord = twist[..., 0] * seconds * torch.sinc(turn / (2 * math.pi))
    step = torch.stack([chord * (turn / 2).cos(), chord * (turn / 2).sin(), turn], dim=-1)
    return compose(pose, step)


def drive(twists: Tensor, seconds: float) -> Tensor:
    """Poses [*, T, 3] after each of the twists [*, T, 2], each held for `seconds`, starting at the origin."""
    yaw = torch.cumsum(twists[..., 1] * seconds, dim=-1)
    turn = twists[..., 1] * seconds
    chord = twists[..., 0] * seconds * torch.sinc(turn / (2 * math.pi))
    heading = yaw - turn / 2
    xy = torch.cumsum(torch.stack([chord * heading.cos(), chord * heading.sin()], dim=-1), dim=-2)
    return torch.cat([xy, wrap(yaw)[..., None]], dim=-1)


def mean_twist(motion: Tensor, seconds: float) -> Tensor:
    """The constant twist [*, 2] that drives the motion [*, 3] in `seconds`; sideways motion is left out."""
    turn = motion[..., 2]
    along = motion[..., 0] * (turn / 2).cos() + motion[..., 1] * (turn / 2).sin()
    return torch.stack([along / torch.sinc(turn / (2 * math.pi)), turn], dim=-1) / seconds
