"""Windows of drives as tensors, for the world model: fans, motions, commands, and what the truth was."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.episodes import ANGLE_MIN, Episodes, load_shard, windows
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.anchor import KNOTS
from genmodels_ros.models.world_model.fan import Beams, Fan, resample
from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.training.mobile.drive_tracks import DriveTracks

RANGE_MIN, RANGE_MAX = 0.12, 12.0  # [m] of the simulated lidar
REACH = 0.12  # [m] beyond a person's radius at which a hit still is theirs
MEASURED_SHARE, SWITCH_SHARE = (
    0.25,
    0.25,
)  # of windows whose actions are measured throughout, or until the future begins
NARROW_SHARE = 0.25  # of windows whose lidar sees only a part of the circle
SHORT_SHARE, SHORTEST = 0.15, 4.0  # of windows whose lidar does not reach RANGE_MAX, and its least reach [m]


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
    path: Tensor  # [B, T, N, K, 2] m: displacement of what each beam hit at KNOTS, in the robot's frame then
    seen: Fan  # [B, T, N] what the model is shown of `fan`: all of it, a sector, or not as far
    tracks: Tensor  # [B, T, N, F] what a tracker knows of what each beam hit

    def part(self, rows: slice) -> "Window":
        """The same windows, only these rows."""
        cut = lambda values: values[:, rows]  # noqa: E731
        return Window(
            self.fan.map(cut), cut(self.nearest), cut(self.odometry), cut(self.twist), cut(self.truth),
            cut(self.actions), cut(self.touched), cut(self.path), self.seen.map(cut), cut(self.tracks),
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
        self._tracks = DriveTracks(paths, shards, [fan[-1] for fan in fans])
        join = lambda name: torch.from_numpy(np.concatenate([getattr(shard, name) for shard in shards]))  # noqa: E731
        self._ranges, self._hit, self._known, self._nearest = (
            torch.cat(parts) for parts in list(zip(*fans, strict=True))[:4]
        )
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
            seen = _short(_narrow(fan, self.beams, rng), rng)
        return Window(
            fan,
            self._nearest[rows].float(),
            odometry,
            self._twist[rows],
            truth,
            _actions(self._command[rows], odometry, measured),
            self._touched[rows],
            self._paths(rows, fan, truth),
            seen,
            self._tracks.at(rows) * seen.hit[..., None],
        )

    def _paths(self, rows: Tensor, fan: Fan, truth: Tensor) -> Tensor:
        """How far whoever a beam hit has gone at KNOTS, zero for what stands still: [B, T, N, K, 2]."""
        people, yaw = self._people[rows], truth[:, :, None, 2]  # [B, T, W, 3]
        place = planar.rotate(people[..., :2] - truth[:, :, None, :2], -yaw)  # in the robot's frame
        later = [(torch.arange(rows.shape[1]) + round(knot / TIME_STEP)).clamp(max=rows.shape[1] - 1) for knot in KNOTS]
        gone = torch.stack([people[:, index, :, :2] - people[..., :2] for index in later], dim=-2)  # [B, T, W, K, 2]
        gone = planar.rotate(gone, -yaw[..., None].expand(gone.shape[:-1]))
        angles = self.beams.angles()
        points = fan.ranges[..., None] * torch.stack([angles.cos(), angles.sin()], -1)  # [B, T, N, 2]
        result = points.new_zeros(*points.shape[:-1], len(KNOTS), 2)
        for person in range(people.shape[2]):
            gap = (points - place[:, :, person, None]).norm(dim=-1) - people[:, :, person, 2:]
            theirs = (gap < REACH) & fan.hit  # NaN compares false
            if theirs.any():
                result = torch.where(theirs[..., None, None], gone[:, :, person, None].nan_to_num(), result)
        return result


def _fans(shard: Episodes, beams: Beams) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    count = shard.scan.shape[1]
    angles = ANGLE_MIN + 2 * np.pi / count * torch.arange(count, dtype=torch.float32)
    fan, nearest, source = resample(torch.from_numpy(shard.scan), angles, RANGE_MIN, RANGE_MAX, beams)
    return fan.ranges.half(), fan.hit, fan.known, nearest.half(), source.short()


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


def _short(fan: Fan, rng: torch.Generator) -> Fan:
    """In some windows what lies farther than the lidar reaches is a miss."""
    batch = fan.ranges.shape[0]
    reach = SHORTEST + (RANGE_MAX - SHORTEST) * torch.rand(batch, generator=rng)
    reach[torch.rand(batch, generator=rng) > SHORT_SHARE] = RANGE_MAX
    hit = fan.hit & (fan.ranges < reach[:, None, None])
    return Fan(torch.where(hit, fan.ranges, torch.full_like(fan.ranges, RANGE_MAX)), hit, fan.known)
