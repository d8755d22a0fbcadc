"""Expected scans at the lidar's own beams: geometry at full resolution, the network's share from its coarser fan."""

import math

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.anchor import Anchor
from genmodels_ros.models.world_model.fan import (
    RANGE_LIMIT,
    Beams,
    Fan,
    complete,
    fill_nearest,
    in_front,
    symexp,
    symlog,
    warp,
    without,
)
from genmodels_ros.models.world_model.model import Rollout
from genmodels_ros.models.world_model.scan_distribution import ScanDistribution
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.scan_memory import Snapshot


def decode(model: ScanWorldModel, rollout: Rollout, anchor: Anchor, ages: Tensor) -> ScanDistribution:
    """Scan distributions [N * T, beams of the model] along rollouts of N sequences, `ages` [T] s after one anchor."""
    count, steps = rollout.told.shape
    rows = count * steps
    expand = lambda values: values.expand(rows, *values.shape[1:])  # noqa: E731
    anchors = anchor.map(expand)
    flat = lambda values: values.flatten(0, 1)  # noqa: E731
    return model.decode(
        flat(rollout.h), flat(rollout.z), anchors, flat(rollout.poses), ages.repeat(count), flat(rollout.told)
    )


def native_scans(
    model: ScanWorldModel, snapshot: Snapshot, rollout: Rollout, ages: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Ranges [T, B] in metres where something is hit, whether a hit is expected, and the standard deviation.

    The last scan is moved at its own resolution in two layers: what stands still, completed by what earlier scans saw
    of the same places, and in front of it what moves, once where it stood and once where it goes. The network says how
    to mix these. Where geometry knows nothing (what was always hidden) the network's own median stands.
    """
    observation, poses = snapshot.observation, rollout.poses[0]
    beams, limit = observation.beams, observation.range_max
    decoded = decode(model, rollout, snapshot.anchor, ages)
    angles = beams.angles().to(poses)
    native, moves = _native(observation, poses), snapshot.movers.moves
    behind = complete(warp(without(native, moves), beams, poses, limit=limit), _remembered(snapshot, poses))
    movers, displacement = without(native, ~moves), snapshot.movers.displacement(ages)
    stood = in_front(warp(movers, beams, poses, limit=limit), behind)
    moved = in_front(warp(movers, beams, poses, displacement, limit=limit), behind)
    base, onward, alone = (symlog(fill_nearest(fan.ranges, fan.hit, limit)) for fan in (stood, moved, behind))
    at_beams = lambda values: _at(model.beams, values, angles)  # noqa: E731
    mix = at_beams(decoded.mix.transpose(1, 2))
    mixed = mix[:, 0] * base + mix[:, 1] * onward + mix[:, 2] * alone
    # The network has not seen farther than its own limit: there the geometry stands alone.
    inside = torch.minimum(base, onward) < math.log1p(RANGE_LIMIT)
    median = torch.where(inside, torch.where(moved.known, mixed, at_beams(decoded.median)), onward)
    ranges = symexp(median.clamp(min=0)).clamp(observation.range_min, limit)
    return ranges, moved.hit | ~moved.known, 2**0.5 * at_beams(decoded.scale) * (1 + ranges)


def _native(observation: Observation, poses: Tensor) -> Fan:
    return observation.fan().map(lambda values: values.to(poses.device).expand(len(poses), -1))


def _remembered(snapshot: Snapshot, poses: Tensor) -> list[Fan]:
    """What scans before the last one saw of what the lidar will see at `poses`, latest first: fans [T, B]."""
    now = snapshot.observation
    origin = np.array([*now.pose[:2], 0.0])  # poses less it are small enough for float32
    tensor = lambda pose: torch.as_tensor(pose - origin, device=poses.device, dtype=poses.dtype)  # noqa: E731
    older = []
    for sight in snapshot.past:
        before = sight.observation
        if before.beams == now.beams:
            motion = planar.relative(tensor(before.pose), tensor(now.pose)).expand_as(poses)
            scan = without(_native(before, poses), sight.moves)
            older.append(warp(scan, now.beams, planar.compose(motion, poses), limit=now.range_max))
    return older


def _bins(beams: Beams, angles: Tensor) -> Tensor:
    """Bearings as fractional indexes of the beams."""
    return torch.remainder((angles - beams.angle_min) / beams.increment, beams.count)


def _at(beams: Beams, values: Tensor, angles: Tensor) -> Tensor:
    """Values [*, N] of a closed fan at other bearings, linearly between neighbours."""
    position = _bins(beams, angles)
    low = position.floor().long() % values.shape[-1]
    weight = position - position.floor()
    return values[..., low] * (1 - weight) + values[..., (low + 1) % values.shape[-1]] * weight
