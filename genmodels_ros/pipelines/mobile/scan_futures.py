"""Futures by geometry alone: the base's kinematics among the points of the current scan. And joined with imagined ones.

Latency, ramps and the measured twist are taken into account, obstacles are inflated as in Nav2's costmaps, and what
moves can be moved on at constant velocity.
"""

from dataclasses import dataclass

import numpy as np
import torch

from genmodels_ros.models.world_model import planar
from genmodels_ros.pipelines.mobile.local_planning import Futures
from genmodels_ros.pipelines.mobile.moving_clusters import Tracker
from genmodels_ros.pipelines.mobile.observation import Observation


@dataclass(frozen=True)
class ScanFuturesSettings:
    """Chosen on other floors than those of the benchmark (see docs/local_planner.md)."""

    time_step: float = 0.2  # s
    latency: float = 0.125  # s between a command and the wheels: the mean of the robots it is used on
    radius: float = 0.20  # m
    margin: float = 0.05  # m of clearance below which a touch is certain
    mover_margin: float = 0.15  # m that what moves is wider than it looks: people than their legs
    repulsion: float = 0.3  # risk just beyond the margin
    inflation: float = 0.20  # m over which it falls to 1 / e
    reach: float = 3.0  # m of the scan that is looked at
    follow_movers: bool = False  # what moves goes on at constant velocity


class ScanFutures:
    """Rolls out commands as a unicycle with latency and ramps; the risk is the inflated scan's along the way."""

    def __init__(self, settings: ScanFuturesSettings = ScanFuturesSettings()):
        self.settings = settings
        self._tracker = Tracker() if settings.follow_movers else None
        self._command = np.zeros(2)

    def observe(self, observation: Observation) -> bool:
        fan = observation.fan()
        ranges, hit = fan.ranges[0].numpy(), fan.hit[0].numpy()
        angles = observation.beams.angles().numpy()
        velocity = np.zeros((len(ranges), 2))
        if self._tracker is not None:
            clusters = self._tracker.observe(
                observation.stamp, ranges, hit, fan.known[0].numpy(), observation.beams, observation.pose
            )
            velocity = clusters.at_beams(np.where(clusters.moving[:, None], clusters.velocity, 0.0))
        near = hit & ((ranges < self.settings.reach) | (np.abs(velocity).sum(-1) > 0))
        self._points = (ranges[near, None] * np.stack([np.cos(angles[near]), np.sin(angles[near])], 1)).astype(
            np.float32
        )
        self._velocity = velocity[near].astype(np.float32)
        self._twist = observation.twist
        return True

    def told(self, command: np.ndarray) -> None:
        self._command = command

    def __call__(self, commands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """poses [N, T, 3] in base_link and the risk [N, T], which never falls, of commands [N, T, 2]."""
        poses = planar.drive(torch.as_tensor(self._driven(commands)), self.settings.time_step).numpy()
        return poses, self.risk(poses)

    def risk(self, poses: np.ndarray) -> np.ndarray:
        """[N, T] along poses [N, T, 3] in base_link, never falling."""
        beyond = self._clearance(poses[..., :2]) - self.settings.margin
        repelled = self.settings.repulsion * np.exp(-np.maximum(beyond, 0.0) / self.settings.inflation)
        risk = np.where(beyond < 0, 1.0, repelled)
        return np.maximum.accumulate(risk, axis=1)

    def _driven(self, commands: np.ndarray) -> np.ndarray:
        """Mean twists in each step: commands act late, and the base ramps from the measured twist."""
        late = self.settings.latency / self.settings.time_step
        before = np.concatenate([np.broadcast_to(self._command, commands[:, :1].shape), commands[:, :-1]], axis=1)
        at_end = (1 - late) * commands + late * before
        at_start = np.concatenate([np.broadcast_to(self._twist, commands[:, :1].shape), at_end[:, :-1]], axis=1)
        return (at_start + at_end) / 2

    def _clearance(self, positions: np.ndarray) -> np.ndarray:
        """Distance [N, T] of the hull at positions [N, T, 2] to the nearest point, where it will be by then."""
        count, steps = positions.shape[:2]
        clearance = np.full((count, steps), np.inf)
        if not len(self._points):
            return clearance
        moves = self._velocity.any(axis=1)
        for step in range(steps):
            points = self._points + (step + 1) * self.settings.time_step * self._velocity
            at = positions[:, step].astype(np.float32)
            for group, wider in ((~moves, 0.0), (moves, self.settings.mover_margin)):
                if group.any():
                    near = _nearest(at, points[group]) - self.settings.radius - wider
                    clearance[:, step] = np.minimum(clearance[:, step], near)
        return clearance


class JoinedFutures:
    """Imagined poses; the risk is that either the world model or geometry is right: 1 - (1 - p)(1 - risk)."""

    def __init__(self, imagined: Futures, scan: ScanFutures):
        self._imagined, self._scan = imagined, scan

    def observe(self, observation: Observation) -> bool:
        taken = self._imagined.observe(observation)
        return taken and self._scan.observe(observation)

    def told(self, command: np.ndarray) -> None:
        self._imagined.told(command), self._scan.told(command)

    def __call__(self, commands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        poses, probability = self._imagined(commands)
        return poses, 1 - (1 - probability) * (1 - self._scan.risk(poses))


def _nearest(at: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance [N] from each place [N, 2] to the nearest of points [P, 2]."""
    squared = (at**2).sum(1)[:, None] + (points**2).sum(1)[None] - 2 * at @ points.T
    return np.sqrt(np.maximum(squared.min(axis=1), 0.0))
