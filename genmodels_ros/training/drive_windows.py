"""Windows of drives as tensors, for the world model: fans, motions, commands, and what the truth was."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.episodes import ANGLE_MIN, Episodes, load_shard, windows
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.fan import Beams, Fan, resample
from genmodels_ros.models.world_model.model import TIME_STEP

RANGE_MIN, RANGE_MAX = 0.12, 12.0  # [m] of the simulated lidar
REACH = 0.12  # [m] beyond a person's radius at which a hit still is theirs
MEASURED_SHARE, SWITCH_SHARE = (
    0.25,
    0.25,
)  # of windows whose actions are measured throughout, or until the future begins
NARROW_SHARE = 0.25  # of windows whose lidar sees only a part of the circle


@dataclass(frozen=True)
class Window:
    """A batch of windows of T rows; row t's action leads from t to t + 1."""

    fan: Fan  # [B, T, N]
    nearest: Tensor  # [B, T, N] m
    odometry: Tensor  # [B, T, 3]
    twist: Tensor  # [B, T, 2]
    truth: Tensor  # [B, T, 3]
    actions: Tensor  # [B, T, 3]
    touched: Tensor  # [B, T] bool
    velocity: Tensor  # [B, T, N, 2] m/s of what each beam hit, in the robot's frame
    seen: Fan  # [B, T, N] what the model is shown of `fan`: all of it, or a sector

    def part(self, rows: slice) -> "Window":
        """The same windows, only these rows."""
        cut = lambda values: values[:, rows]  # noqa: E731
        return Window(
            self.fan.map(cut), cut(self.nearest), cut(self.odometry), cut(self.twist), cut(self.truth),
            cut(self.actions), cut(self.touched), cut(self.velocity), self.seen.map(cut),
        )  # fmt: skip


class DriveWindows:
    """All rows of some shards in memory; draws batches of windows."""

    def __init__(self, paths: list[Path], beams: Beams, length: int):
        shards = [load_shard(path) for path in paths]
        self.beams, self.length = beams, length
        self._first, offset = [], 0
        for shard in shards:
            self._first.append(windows(shard, length) + offset)
            offset += len(shard)
        self.starts = np.concatenate(self._first)
        fans = [_fans(shard, beams) for shard in shards]
        join = lambda name: torch.from_numpy(np.concatenate([getattr(shard, name) for shard in shards]))  # noqa: E731
        self._ranges, self._hit, self._known, self._nearest = (torch.cat(parts) for parts in zip(*fans, strict=True))
        self._odometry, self._twist, self._pose = join("odometry"), join("twist"), join("pose")
        self._command, self._touched, self._people = join("command"), join("touched"), join("people")

    def sample(self, count: int, rng: torch.Generator) -> Window:
        """`count` windows drawn with replacement, with actions told or measured and sectors seen at random."""
        return self.window(self.starts[torch.randint(len(self.starts), (count,), generator=rng).numpy()], rng)

    def window(self, starts: np.ndarray, rng: torch.Generator | None = None, future: int = 4) -> Window:
        """The windows that start at these rows; without `rng` nothing is hidden and all actions are commands."""
        rows = torch.from_numpy(starts)[:, None] + torch.arange(self.length)
        fan = Fan(self._ranges[rows].float(), self._hit[rows], self._known[rows])
        odometry, truth = self._odometry[rows], self._pose[rows]
        measured = torch.zeros(rows.shape, dtype=torch.bool)
        seen = fan
        if rng is not None:
            kind = torch.rand(len(rows), generator=rng)
            measured[kind < MEASURED_SHARE] = True
            measured[(kind >= MEASURED_SHARE) & (kind < MEASURED_SHARE + SWITCH_SHARE), :future] = True
            seen = _narrow(fan, self.beams, rng)
        return Window(
            fan,
            self._nearest[rows].float(),
            odometry,
            self._twist[rows],
            truth,
            _actions(self._command[rows], odometry, measured),
            self._touched[rows],
            self._velocities(rows, fan, truth),
            seen,
        )

    def _velocities(self, rows: Tensor, fan: Fan, truth: Tensor) -> Tensor:
        """The velocity of whoever a beam hit, zero for what stands still, in the robot's frame [B, T, N, 2]."""
        people = self._people[rows]  # [B, T, W, 3]
        walked = (people[:, 1:, :, :2] - people[:, :-1, :, :2]) / TIME_STEP
        velocity = torch.cat([walked, walked[:, -1:]], dim=1)
        yaw = truth[:, :, None, 2]
        place = planar.rotate(people[..., :2] - truth[:, :, None, :2], -yaw)  # in the robot's frame
        velocity = planar.rotate(velocity, -yaw)
        angles = self.beams.angles()
        points = fan.ranges[..., None] * torch.stack([angles.cos(), angles.sin()], -1)  # [B, T, N, 2]
        result = torch.zeros_like(points)
        for person in range(people.shape[2]):
            gap = (points - place[:, :, person, None]).norm(dim=-1) - people[:, :, person, 2:]
            theirs = (gap < REACH) & fan.hit  # NaN compares false
            result = torch.where(theirs[..., None], velocity[:, :, person, None].nan_to_num(), result)
        return result


def _fans(shard: Episodes, beams: Beams) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    count = shard.scan.shape[1]
    angles = ANGLE_MIN + 2 * np.pi / count * torch.arange(count, dtype=torch.float32)
    fan, nearest = resample(torch.from_numpy(shard.scan), angles, RANGE_MIN, RANGE_MAX, beams)
    return fan.ranges.half(), fan.hit, fan.known, nearest.half()


def _actions(command: Tensor, odometry: Tensor, measured: Tensor) -> Tensor:
    driven = planar.mean_twist(planar.relative(odometry[:, :-1], odometry[:, 1:]), TIME_STEP)
    driven = torch.cat([driven, driven[:, -1:]], dim=1)
    action = torch.where(measured[..., None], driven, command)
    return torch.cat([action, measured[..., None].float()], dim=-1)


def _narrow(fan: Fan, beams: Beams, rng: torch.Generator) -> Fan:
    """Hides all but a forward sector of 140 to 300 degrees in some windows."""
    batch = fan.ranges.shape[0]
    width = (140 + 160 * torch.rand(batch, generator=rng)).deg2rad()
    width[torch.rand(batch, generator=rng) > NARROW_SHARE] = 10.0
    inside = beams.angles().abs()[None] < width[:, None] / 2
    known = fan.known & inside[:, None]
    return Fan(torch.where(known, fan.ranges, torch.full_like(fan.ranges, RANGE_MAX)), fan.hit & known, known)
