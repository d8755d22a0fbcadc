"""What needs no learning: the predictions a world model has to beat, each as good as it could be made.

They work at the lidar's own beams, from the scans seen so far and where the sensor will be.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.fan import Fan, complete, fill_nearest, in_front, warp, without
from genmodels_ros.pipelines.mobile.moving_clusters import Clusters, Tracker
from genmodels_ros.pipelines.mobile.observation import Observation

COPY, WARP, MAP, TRACK = "copy last", "warp by odometry", "raycast on past scans", "constant-velocity tracking"
NAMES = (COPY, WARP, MAP, TRACK)
MAP_SCANS = 12  # past scans that the local map holds


@dataclass(frozen=True)
class _Seen:
    observation: Observation
    fan: Fan  # [1, B]
    moves: Tensor  # [B] bool


class Baselines:
    """Sees what the world model sees, scan by scan."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """As if nothing had been seen."""
        self._seen: deque[_Seen] = deque(maxlen=MAP_SCANS)
        self._tracker = Tracker()

    def observe(self, observation: Observation) -> None:
        """The next scan; those of another geometry than the last are forgotten."""
        if self._seen and self._seen[-1].observation.beams != observation.beams:
            self.reset()
        fan = observation.fan()
        ranges, hit, known = (values[0].numpy() for values in (fan.ranges, fan.hit, fan.known))
        self.clusters: Clusters = self._tracker.observe(
            observation.stamp, ranges.astype(float), hit, known, observation.beams, observation.pose
        )
        moves = torch.from_numpy(self.clusters.at_beams(self.clusters.moving))
        self._seen.append(_Seen(observation, fan, moves))

    @property
    def velocity(self) -> np.ndarray:
        """Velocity [B, 2] m/s of what each beam of the last scan hit, in base_link; 0 for what stands still."""
        return self.clusters.at_beams(self.clusters.velocity * self.clusters.moving[:, None])

    def predict(self, targets: np.ndarray, ages: np.ndarray) -> dict[str, np.ndarray]:
        """Ranges [K, B] of every baseline at target poses [K, 3] in odom, `ages` [K] s after the last scan.

        Beams for which no hit is known take that of the nearest beam that has one, which the errors of hit beams favour
        over every other filling tried (the larger or the smaller neighbour, a line between both, misses left as they
        were).
        """
        last = self._seen[-1]
        limit, count = last.observation.range_max, len(targets)
        nothing = torch.zeros_like(last.moves)
        warped = self._moved(last, targets, nothing)
        mapped = complete(warped, [self._moved(seen, targets, nothing) for seen in list(self._seen)[-2::-1]])
        still = [self._moved(seen, targets, seen.moves) for seen in list(self._seen)[::-1]]
        displacement = torch.as_tensor(self.velocity[None] * np.asarray(ages)[:, None, None], dtype=torch.float32)
        movers = self._moved(last, targets, ~last.moves, displacement)
        tracked = in_front(movers, complete(still[0], still[1:]))
        fans = {COPY: last.fan.map(lambda values: values.expand(count, -1)), WARP: warped, MAP: mapped, TRACK: tracked}
        return {name: fill_nearest(fan.ranges, fan.hit, limit).numpy() for name, fan in fans.items()}

    def _moved(self, seen: _Seen, targets: np.ndarray, hidden: Tensor, displacement: Tensor | None = None) -> Fan:
        origin = np.array([*seen.observation.pose[:2], 0.0])  # poses less it are small enough for float32
        tensor = lambda pose: torch.as_tensor(np.asarray(pose) - origin, dtype=torch.float32)  # noqa: E731
        places = tensor(targets)
        motion = planar.relative(tensor(seen.observation.pose).expand_as(places), places)
        fan = without(seen.fan, hidden).map(lambda values: values.expand(len(places), -1))
        return warp(fan, seen.observation.beams, motion, displacement, limit=seen.observation.range_max)
