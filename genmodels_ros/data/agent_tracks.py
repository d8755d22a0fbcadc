"""The people of recorded drives as examples: what one could know of each at a moment, and where it went.

From the shards of `genmodels data world-model` (data/episodes.py). Past and future are the truth of the simulation;
pasts as a tracker sees them are in training/mobile/tracked_agents.py.
"""

from dataclasses import dataclass, replace

import numpy as np

from genmodels_ros.data.agent_frame import (
    FUTURE,
    OWN_BODY,
    PAST,
    TIME_STEP,
    condition,
    padded,
    to_displacements,
    turned,
)
from genmodels_ros.data.episodes import ANGLE_MIN, Episodes
from genmodels_ros.data.episodes import windows as drive_windows
from genmodels_ros.data.vectors import Vectors, vectors
from genmodels_ros.errors import ErrorCode, GenModelsError

JITTER = 0.005  # m added to each displacement to come: who stands still would otherwise have an infinite density
SHORT, ALONE = 0.2, 0.25  # shares of the pasts to train on
SEEN_POINTS = 2  # of the scan on a body, from which it counts as seen


@dataclass(frozen=True)
class AgentWindows:
    """M moments of agents; row m of each array belongs together, in one frame (the map, or odom)."""

    past: np.ndarray  # [M, PAST + 1, 2] m
    future: np.ndarray  # [M, FUTURE, 2] m
    velocity: np.ndarray  # [M, 2] m/s, of the last displacement, or as a tracker filters it
    robot: np.ndarray  # [M, 2] m
    obstacles: tuple[np.ndarray, ...]  # [P, 2] m each: what the robot's lidar hit at that moment
    seen: np.ndarray  # [M] bool: it hit the agent, too

    def __len__(self) -> int:
        return len(self.past)

    def __getitem__(self, index: np.ndarray) -> "AgentWindows":
        """Those rows; index [K] of numbers or [M] of flags."""
        chosen = np.arange(len(self))[index]
        arrays = (getattr(self, name)[chosen] for name in ("past", "future", "velocity", "robot"))
        return AgentWindows(*arrays, tuple(self.obstacles[i] for i in chosen), self.seen[chosen])

    def conditions(self) -> np.ndarray:
        """[M, CONDITION] float64."""
        rows = zip(self.past[:, None], self.robot, self.obstacles, strict=True)
        return np.concatenate([condition(past, robot, points) for past, robot, points in rows])

    def displacements(self, rng: np.random.Generator | None = None) -> np.ndarray:
        """[M, FUTURE, 2] m of the future in the agent's frame; with a `rng`, with JITTER."""
        exact = to_displacements(self.past, self.future)
        return exact if rng is None else exact + JITTER * rng.standard_normal(exact.shape)


def agent_windows(episodes: Episodes, stride: int = 1) -> AgentWindows:
    """Every `stride`-th moment of every agent of one shard whose past and future lie within one drive."""
    starts = drive_windows(episodes, PAST + 1 + FUTURE, stride)
    rows = starts[:, None] + np.arange(PAST + 1 + FUTURE)
    tracks = np.moveaxis(episodes.people[rows][..., :2], 2, 1).astype(float)  # [S, W, PAST + 1 + FUTURE, 2]
    start, person = np.nonzero(np.isfinite(tracks).all(axis=(2, 3)))
    now = starts[start] + PAST
    points = {row: hit_points(episodes.pose[row], episodes.scan[row]) for row in set(now.tolist())}
    past, future = np.split(tracks[start, person], [PAST + 1], axis=1)
    obstacles = tuple(points[row] for row in now)
    on_body = [(np.hypot(*(p - at).T) < OWN_BODY).sum() for p, at in zip(obstacles, past[:, -1], strict=True)]
    velocity, robot = (past[:, -1] - past[:, -2]) / TIME_STEP, episodes.pose[now, :2].astype(float)
    return AgentWindows(past, future, velocity, robot, obstacles, np.array(on_body) >= SEEN_POINTS)


def hit_points(pose: np.ndarray, scan: np.ndarray) -> np.ndarray:
    """[P, 2] m in the map, where the beams of scan [B] from pose [3] hit something."""
    angles = ANGLE_MIN + 2 * np.pi / len(scan) * np.arange(len(scan))
    hit = np.isfinite(scan)
    local = scan[hit, None].astype(float) * np.stack([np.cos(angles[hit]), np.sin(angles[hit])], axis=1)
    return turned(local[None], np.array([float(pose[2])]))[0] + pose[:2]


def as_met_on_a_robot(windows: AgentWindows, rng: np.random.Generator) -> AgentWindows:
    """The same turned at random, some SHORT (tracks just begun), some without surroundings."""
    turn, alone = rng.uniform(-np.pi, np.pi, len(windows)), rng.random(len(windows)) < ALONE
    past = turned(windows.past, turn)
    for row in np.flatnonzero(rng.random(len(windows)) < SHORT):
        past[row] = padded(past[row : row + 1, -int(rng.integers(2, PAST + 1)) :])[0]
    return replace(
        windows,
        past=past,
        future=turned(windows.future, turn),
        velocity=turned(windows.velocity, turn),
        robot=np.where(alone[:, None], np.nan, turned(windows.robot, turn)),
        obstacles=tuple(
            np.empty((0, 2)) if a else turned(points[None], np.array([t]))[0]
            for a, t, points in zip(alone, turn, windows.obstacles, strict=True)
        ),
    )


def joined(parts: list[AgentWindows]) -> AgentWindows:
    """One after the other. Raises GenModelsError(INVALID_DATA) where there are none."""
    if not parts:
        raise GenModelsError(ErrorCode.INVALID_DATA, "Nobody moves on these floors: make more of them.")
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("past", "future", "velocity", "robot", "seen")
    }
    return AgentWindows(obstacles=tuple(points for part in parts for points in part.obstacles), **arrays)


def vectors_of(windows: AgentWindows, rng: np.random.Generator) -> Vectors:
    """x [M, 28] and condition [M, CONDITION] to train on, made as poor as a robot gets them."""
    met = as_met_on_a_robot(windows, rng)
    return vectors(met.displacements(rng), met.conditions())
