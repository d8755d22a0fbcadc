"""The last observed scan, from which predictions start, in two layers: what stands still, and what moves."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.models.world_model.fan import Fan, in_front

KNOTS = (0.4, 1.0, 2.0, 2.8)  # [s] ahead at which the encoder says where what a beam hit has gone
MOVES = 0.0  # logit above which a beam counts as hitting something that moves


@dataclass(frozen=True)
class Motion:
    """What the encoder sees moving: the logit that a beam's hit moves, and its displacement at each of KNOTS."""

    moving: Tensor  # [B, N] logit
    path: Tensor  # [B, N, K, 2] m, in the robot's frame now

    def map(self, function) -> "Motion":
        """The same with the same function applied to both."""
        return Motion(function(self.moving), function(self.path))


@dataclass(frozen=True)
class Anchor:
    """The last observed scan, from which predictions start, as two layers: what stands still, and what moves."""

    still: Fan  # [B, N] with what was behind those who move, as far as it was ever seen
    movers: Fan  # [B, N] unknown where nothing moves
    points: Tensor  # [B, N, 2] m: the nearest thing hit around each beam, FAR if none
    path: Tensor  # [B, N, K, 2] m: displacement of what each beam hit at each of KNOTS, 0 for what stands still

    @property
    def seen(self) -> Fan:
        """Both layers as they were seen."""
        return in_front(self.movers, self.still)

    def displacement(self, age: Tensor) -> Tensor:
        """How far what each beam hit has gone after `age` [B] s: [B, N, 2] m, straight between KNOTS and beyond."""
        return torch.einsum("bk,bnkc->bnc", knot_weights(age), self.path)

    def map(self, function) -> "Anchor":
        """The anchor with the same function applied to every array."""
        return Anchor(self.still.map(function), self.movers.map(function), function(self.points), function(self.path))


def knot_weights(age: Tensor) -> Tensor:
    """Weights [*, K] of the displacements at KNOTS that interpolate linearly at `age` [*] s, from 0 at 0."""
    times = age.new_tensor((0.0, *KNOTS))
    upper = torch.bucketize(age.contiguous(), times[1:-1]) + 1
    share = (age - times[upper - 1]) / (times[upper] - times[upper - 1])
    one_hot = lambda index: nn.functional.one_hot(index, len(times)).to(age)  # noqa: E731
    return (share[..., None] * one_hot(upper) + (1 - share)[..., None] * one_hot(upper - 1))[..., 1:]
