"""Scans as fans of beams, and how a fan looks from another place.

A fan holds, for beams at `angle_min + i * increment`, a range, whether something was hit, and whether the beam is known
at all. `warp` moves what was hit to the frame of a moved sensor and casts the fan's beams at it: exact for surfaces
that were seen, unknown where nothing was seen.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.world_model import planar

RANGE_LIMIT = 12.0  # [m] ranges are clipped to it; "nothing hit" has this range
FAR = 1e3  # [m] stands for "no such point"
SAME_SURFACE = (
    0.15,
    0.10,
)  # neighbours whose ranges differ by less than a + b * range [m] are joined by a straight line
CROSSINGS = 4  # beams that half a gap between neighbours may cover after the warp; more become holes


@dataclass(frozen=True)
class Beams:
    """Directions of a fan. A closed fan covers the full circle and its last beam neighbours its first."""

    count: int
    angle_min: float  # [rad]
    increment: float  # [rad]

    @property
    def closed(self) -> bool:
        return self.count * self.increment > 2 * math.pi - 1.5 * self.increment

    def angles(self) -> Tensor:
        """[count] rad."""
        return self.angle_min + self.increment * torch.arange(self.count, dtype=torch.float32)


def circle(count: int) -> Beams:
    """The closed fan with beam 0 straight behind."""
    return Beams(count, -math.pi, 2 * math.pi / count)


@dataclass(frozen=True)
class Fan:
    """Batched fans [*, count]: ranges in metres, hit and known as booleans. Unknown beams and misses hold the limit."""

    ranges: Tensor
    hit: Tensor
    known: Tensor

    def map(self, function) -> "Fan":
        """The fan with the same function applied to each array."""
        return Fan(function(self.ranges), function(self.hit), function(self.known))


def symlog(x: Tensor) -> Tensor:
    """sign(x) log(1 + |x|), Hafner et al. 2023, eq. 9: metres near the robot count more than metres far away."""
    return torch.sign(x) * torch.log1p(x.abs())


def symexp(x: Tensor) -> Tensor:
    """The inverse of symlog."""
    return torch.sign(x) * torch.expm1(x.abs())


def directions(beams: Beams, like: Tensor) -> Tensor:
    """Unit vectors [count, 2] of the beams."""
    angles = beams.angles().to(like)
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def fill(ranges: Tensor, known: Tensor) -> Tensor:
    """Unknown beams take the larger of the nearest known ranges on either side: what is newly seen lies behind.

    Both [B, N]; fans without any known beam become the range limit.
    """
    before, after = _known_neighbours(known)
    filled = torch.maximum(ranges.gather(-1, before), ranges.gather(-1, after))
    filled = torch.where(known.any(-1, keepdim=True), filled, torch.full_like(ranges, RANGE_LIMIT))
    return torch.where(known, ranges, filled)


def fill_nearest(ranges: Tensor, known: Tensor, nothing: float = RANGE_LIMIT) -> Tensor:
    """Unknown beams take the range of the nearest known beam; `nothing` where none is known. Both [B, N]."""
    before, after = _known_neighbours(known)
    index, n = torch.arange(known.shape[-1], device=ranges.device), known.shape[-1]
    nearest = torch.where((index - before) % n <= (after - index) % n, before, after)
    filled = torch.where(known.any(-1, keepdim=True), ranges.gather(-1, nearest), torch.full_like(ranges, nothing))
    return torch.where(known, ranges, filled)


def _known_neighbours(known: Tensor) -> tuple[Tensor, Tensor]:
    """Index of the nearest known beam at or before, and at or after, each beam, around the circle."""
    n = known.shape[-1]
    index = torch.arange(2 * n, device=known.device)
    doubled = torch.cat([known, known], dim=-1)
    last = torch.where(doubled, index, -1).cummax(dim=-1).values[..., n:]
    flipped = torch.where(doubled.flip(-1), index, -1).cummax(dim=-1).values[..., n:].flip(-1)
    return last % n, (2 * n - 1 - flipped) % n


@torch.no_grad()
def warp(fan: Fan, beams: Beams, motion: Tensor, displacement: Tensor | None = None, limit: float = RANGE_LIMIT) -> Fan:
    """The fan [B, N] as seen by a sensor that moved by `motion` [B, 3] (its new pose in its old frame).

    `displacement` [B, N, 2] moves what each beam hit first, in metres in the old frame. Between neighbours on one
    surface (SAME_SURFACE) the surface is taken as straight; elsewhere each beam stands for half the gap on its side.
    Misses stay misses in their direction, and nothing is known of beams at which nothing known points.
    """
    vertices, valid, miss = _half_gaps(fan, beams)
    if displacement is not None:
        vertices = vertices + _per_half_gap(displacement, beams)[..., None, :]
    position, yaw = motion[:, None, None, :2], motion[:, None, None, 2]
    # A miss only turns: it marks a direction, not a place.
    moved = planar.rotate(torch.where(miss[..., None, None], vertices, vertices - position), -yaw)
    return _cast(moved, valid, miss, beams, fan.ranges.shape[-1], limit)


def _half_gaps(fan: Fan, beams: Beams) -> tuple[Tensor, Tensor, Tensor]:
    """Segments [B, S, 2, 2] of both halves of each gap between neighbours, and which are known and which misses."""
    angles = beams.angles().to(fan.ranges)
    if beams.closed:
        left, right = fan, fan.map(lambda values: values.roll(-1, -1))
        start = angles
    else:
        left, right = fan.map(lambda values: values[..., :-1]), fan.map(lambda values: values[..., 1:])
        start = angles[:-1]
    near = torch.minimum(left.ranges, right.ranges)
    joined = (left.ranges - right.ranges).abs() < SAME_SURFACE[0] + SAME_SURFACE[1] * near
    joined &= left.hit & right.hit & left.known & right.known
    # Where the straight line between both hits crosses the middle of the gap.
    half = beams.increment / 2
    middle = 2 * left.ranges * right.ranges * math.cos(half) / (left.ranges + right.ranges).clamp(min=1e-6)
    before = torch.where(joined, middle, left.ranges)
    after = torch.where(joined, middle, right.ranges)
    ends = torch.stack([left.ranges, before, after, right.ranges], dim=-1)  # [B, G, 4]
    offsets = start[:, None] + beams.increment * angles.new_tensor([0.0, 0.5, 0.5, 1.0])
    points = ends[..., None] * torch.stack([offsets.cos(), offsets.sin()], dim=-1)
    batch, gaps = ends.shape[:2]
    segments = points.reshape(batch, 2 * gaps, 2, 2)
    both = lambda a, b: torch.stack([a, b], dim=-1).reshape(batch, 2 * gaps)  # noqa: E731
    return segments, both(left.known, right.known), ~both(left.hit, right.hit)


def _per_half_gap(values: Tensor, beams: Beams) -> Tensor:
    """Values [B, N, C] of the beams for each half gap [B, S, C]."""
    if beams.closed:
        left, right = values, values.roll(-1, 1)
    else:
        left, right = values[:, :-1], values[:, 1:]
    return torch.stack([left, right], dim=2).reshape(values.shape[0], -1, values.shape[-1])


def _cast(segments: Tensor, valid: Tensor, miss: Tensor, beams: Beams, count: int, limit: float) -> Fan:
    """Casts the beams at segments [B, S, 2, 2]: each beam's nearest crossing; misses lie behind everything."""
    bearing = torch.atan2(segments[..., 1], segments[..., 0])  # [B, S, 2]
    width = planar.wrap(bearing[..., 1] - bearing[..., 0])
    first = torch.where(width >= 0, bearing[..., 0], bearing[..., 1])
    width = width.abs()
    # Line through both ends: range(theta) = cross / (dx sin(theta) - dy cos(theta)) up to sign.
    delta = segments[..., 1, :] - segments[..., 0, :]
    cross = segments[..., 0, 0] * segments[..., 1, 1] - segments[..., 0, 1] * segments[..., 1, 0]
    start = torch.ceil((first - beams.angle_min) / beams.increment - 1e-3)
    nearest = segments.norm(dim=-1).amin(-1)
    farthest = segments.norm(dim=-1).amax(-1)
    out = segments.new_full((segments.shape[0], count + 1), FAR)  # the last column takes what no beam asks for
    usable = valid & (width < math.pi / 2)
    turn = round(2 * math.pi / beams.increment)
    for k in range(CROSSINGS):
        index = start + k
        theta = beams.angle_min + index * beams.increment
        inside = usable & (theta <= first + width + 1e-3 * beams.increment)
        denominator = delta[..., 1] * theta.cos() - delta[..., 0] * theta.sin()
        distance = cross / torch.where(denominator.abs() < 1e-9, torch.full_like(denominator, 1e-9), denominator)
        distance = torch.minimum(torch.maximum(distance, nearest), farthest)
        distance = torch.where(miss, torch.full_like(distance, limit + 1.0), distance.clamp(max=limit + 1.0))
        column = torch.remainder(index, turn)
        inside &= column < count
        column = torch.where(inside, column, torch.full_like(column, count)).long()
        out.scatter_reduce_(1, column, distance, "amin")
    out = out[:, :count]
    known = out < FAR
    hit = out < limit
    return Fan(torch.where(hit, out, torch.full_like(out, limit)), hit, known)


def resample(
    ranges: Tensor, angles: Tensor, range_min: float, range_max: float, beams: Beams
) -> tuple[Fan, Tensor, Tensor]:
    """Scans of any lidar [M, B] at bearings [B] as fans [M, N], the range [M, N] of the nearest hit near each beam, and
    which of the lidar's beams each beam took its measurement from [M, N].

    A beam takes the valid measurement closest to its bearing. At or above `range_max` and +inf mean that nothing was
    hit; NaN, zero and what is below `range_min` mean nothing at all: the beam stays unknown.
    """
    ranges = ranges.float()
    hit = torch.isfinite(ranges) & (ranges >= range_min) & (ranges > 0) & (ranges < range_max)
    miss = (ranges >= range_max) & ~torch.isnan(ranges)
    hit_near = hit & (ranges < RANGE_LIMIT)
    valid = hit | miss
    values = torch.where(hit_near, ranges, torch.full_like(ranges, RANGE_LIMIT))

    offset = planar.wrap(angles[None] - beams.angles().to(angles)[:, None]).abs()  # [N, B]
    spacing = (angles[1:] - angles[:-1]).abs().median() if len(angles) > 1 else angles.new_tensor(0.0)
    reach = max(beams.increment, float(spacing)) / 2 + 1e-4
    near, index = offset.topk(min(3, len(angles)), dim=-1, largest=False)  # [N, 3]
    usable = valid[:, index] & (near <= reach)
    best = usable.int().argmax(-1, keepdim=True)
    known = usable.any(-1)
    picked = values[:, index].gather(-1, best).squeeze(-1)
    was_hit = hit_near[:, index].gather(-1, best).squeeze(-1) & known
    fan = Fan(torch.where(was_hit, picked, torch.full_like(picked, RANGE_LIMIT)), was_hit, known)

    column = torch.remainder(torch.round((angles - beams.angle_min) / beams.increment), beams.count).long()
    nearest = ranges.new_full((len(ranges), beams.count), FAR)
    nearest.scatter_reduce_(1, column.expand(len(ranges), -1), torch.where(hit_near, ranges, FAR), "amin")
    source = index.expand(len(ranges), -1, -1).gather(-1, best).squeeze(-1)
    return fan, nearest, source


def without(fan: Fan, some: Tensor) -> Fan:
    """The fan with `some` of its beams [B, N] unknown."""
    known = fan.known & ~some
    return Fan(torch.where(known, fan.ranges, torch.full_like(fan.ranges, RANGE_LIMIT)), fan.hit & known, known)


def in_front(near: Fan, behind: Fan) -> Fan:
    """Two layers seen together: what `near` hits hides what lies farther behind."""
    hides = near.known & near.hit & (~behind.known | (near.ranges < behind.ranges))
    return Fan(torch.where(hides, near.ranges, behind.ranges), behind.hit | hides, behind.known | hides)


def complete(fan: Fan, past: list[Fan]) -> Fan:
    """Unknown beams take what earlier scans, moved to the present pose, know of them; the first that knows is taken."""
    for before in past:
        fan = Fan(
            torch.where(fan.known, fan.ranges, before.ranges),
            torch.where(fan.known, fan.hit, before.hit),
            fan.known | before.known,
        )
    return fan
