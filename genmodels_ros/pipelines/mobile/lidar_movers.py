"""What moves, at the lidar's own beams: the network's judgement of each cluster, told to all beams of the cluster."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.world_model.anchor import MOVES, Motion, knot_weights
from genmodels_ros.models.world_model.fan import Beams, Fan
from genmodels_ros.pipelines.mobile.moving_clusters import Clusters
from genmodels_ros.pipelines.mobile.observation import Observation

SAME_THING = 0.3  # [m] in range between a beam outside all clusters and the model's beam that speaks for it


@dataclass(frozen=True)
class LidarMovers:
    """A value a beam of the lidar."""

    moves: Tensor  # [B] bool
    path: Tensor  # [B, K, 2] m: displacement at the model's KNOTS, in the robot's frame then

    def displacement(self, ages: Tensor) -> Tensor:
        """[T, B, 2] m after `ages` [T] s."""
        return torch.einsum("tk,bkc->tbc", knot_weights(ages), self.path)


def at_lidar_beams(
    observation: Observation, clusters: Clusters, motion: Motion, fan: Fan, source: Tensor, beams: Beams
) -> LidarMovers:
    """The encoder's `motion` [1, N] of the model's `beams`, at those of the observation.

    source: the lidar's beam [1, N] that each of the model's was taken from; `fan` is the scan at the model's beams.
    """
    device = fan.ranges.device
    labels = torch.from_numpy(clusters.labels).to(device)
    logit, path = motion.moving[0], motion.path[0]
    position = (observation.beams.angles() - beams.angle_min) / beams.increment
    near = torch.remainder(position.round().long(), beams.count).to(device)
    own = torch.from_numpy(observation.ranges).to(device)
    alike = fan.hit[0, near] & ((own - fan.ranges[0, near]).abs() < SAME_THING)
    moves, going = (logit[near] > MOVES) & alike, path[near]
    if len(clusters.velocity):
        spoken = labels[source[0].to(device)]  # cluster of each of the model's beams
        valid = fan.hit[0] & (spoken >= 0)
        count = _sums(torch.ones_like(logit), spoken, valid, len(clusters.velocity))
        mean_logit = _sums(logit, spoken, valid, len(count)) / count.clamp(min=1)
        mean_path = _sums(path, spoken, valid, len(count)) / count.clamp(min=1)[:, None, None]
        judged = (labels >= 0) & (count[labels.clamp(min=0)] > 0)
        moves = torch.where(judged, mean_logit[labels.clamp(min=0)] > MOVES, moves)
        going = torch.where(judged[:, None, None], mean_path[labels.clamp(min=0)], going)
    return LidarMovers(moves, torch.where(moves[:, None, None], going, torch.zeros_like(going)))


def _sums(values: Tensor, groups: Tensor, valid: Tensor, count: int) -> Tensor:
    """Sums of values [N, ...] over groups [N], only the valid ones: [count, ...]."""
    result = values.new_zeros(count, *values.shape[1:])
    return result.index_add_(0, groups[valid], values[valid])
