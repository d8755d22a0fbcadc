"""The robot's own last minutes: what it saw, was told and how its wheels turned, kept to learn from.

No truth is recorded on a robot. Where it was is rebuilt from the scans: each is matched to the one before, so that
odometry's slip does not enter what the model learns to foresee.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.models.world_model.fan import Beams, circle, resample
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.scan_matching import compose, match, relative, surface

ROWS = 3000  # kept: ten minutes
MOST_BEAMS = 1440  # kept of a scan; of finer lidars every second, third ... beam is
BEAMS = 360  # of the episodes
PACE = (0.15, 0.3)  # [s] between rows of one drive
LOST = 0.6  # misfit above which a scan cannot be matched to the one before


@dataclass(frozen=True)
class Row:
    """One observation, small."""

    stamp: float
    ranges: np.ndarray  # [B] float16 m
    beams: Beams
    limits: tuple[float, float]  # [m] range_min, range_max
    pose: np.ndarray
    twist: np.ndarray
    command: np.ndarray | None


class DriveLog:
    """The last ROWS observations, at most 9 MB of scans. Thread-safe."""

    def __init__(self, rows: int = ROWS):
        self._rows: deque[Row] = deque(maxlen=rows)
        self._lock = threading.Lock()
        self.added = 0  # rows since the log was made

    def __len__(self) -> int:
        return len(self._rows)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._rows.clear()

    def add(self, observation: Observation) -> None:
        """Keeps a checked observation."""
        step = math.ceil(len(observation.ranges) / MOST_BEAMS)
        ranges = observation.ranges[::step].astype(np.float16)
        beams = Beams(len(ranges), observation.angle_min, observation.angle_increment * step)
        limits = (observation.range_min, observation.range_max)
        row = Row(observation.stamp, ranges, beams, limits, observation.pose, observation.twist, observation.command)
        with self._lock:
            self._rows.append(row)
            self.added += 1

    def tell(self, command: np.ndarray) -> None:
        """The newest row's command [2], where it was decided upon after it was seen."""
        with self._lock:
            if self._rows:
                self._rows[-1] = replace(self._rows[-1], command=command)

    def rows(self) -> list[Row]:
        """Those of the lidar that was seen last, oldest first; rows without a command teach nothing of commands."""
        with self._lock:
            rows = list(self._rows)
        lidar = (rows[-1].beams, rows[-1].limits) if rows else None
        return [row for row in rows if row.command is not None and (row.beams, row.limits) == lidar]


def to_episodes(rows: list[Row], breathe: Callable[[], None] = lambda: None) -> Episodes:
    """The rows as drives to train on, at least one; `pose` is rebuilt from the scans, from zero at each drive.

    A drive ends where time or scans do not go on. Nobody is known to be around and nothing to be touched. `breathe` is
    called for every row, to sleep or to raise.
    """
    scan, hit = _scans(rows)
    beams = circle(BEAMS)
    drives, poses, number, before = [], [], 0, None
    for row, ranges, hits in zip(rows, scan, hit, strict=True):
        breathe()
        now = surface(np.where(hits, ranges, 0.0).astype(float), hits, beams)
        pose = np.zeros(3)
        if before is not None:
            found = match(before[1], now, relative(before[0].pose, row.pose))
            if PACE[0] <= row.stamp - before[0].stamp <= PACE[1] and found.misfit < LOST:
                pose = compose(poses[-1], found.motion)
            else:
                number += 1
        drives.append(number), poses.append(pose)
        before = row, now
    count = len(rows)
    stack = lambda name: np.stack([getattr(row, name) for row in rows]).astype(np.float32)  # noqa: E731
    return Episodes(
        scan.astype(np.float16), stack("pose"), stack("twist"), np.array(poses, np.float32), stack("command"),
        np.zeros(count, bool), np.full((count, 1, 3), np.nan, np.float32), np.array(drives, np.int32),
    )  # fmt: skip


def _scans(rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Ranges [N, BEAMS] of the full circle, inf for misses and NaN for the unknown, and what is a hit."""
    first, step = rows[0], 256
    parts = [np.stack([row.ranges for row in rows[i : i + step]]) for i in range(0, len(rows), step)]
    fans = [resample(torch.from_numpy(part), first.beams.angles(), *first.limits, circle(BEAMS))[0] for part in parts]
    ranges, hit, known = (
        torch.cat([getattr(fan, name) for fan in fans]).numpy() for name in ("ranges", "hit", "known")
    )
    return np.where(hit, ranges, np.where(known, np.inf, np.nan)), hit
