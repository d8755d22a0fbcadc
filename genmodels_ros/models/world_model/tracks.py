"""What a tracker tells the network of each cluster of beams that may move: the columns of its features.

Vectors are in the robot's frame; whoever follows the clusters (pipelines/mobile/moving_clusters) fills them in.
"""

import torch
from torch import Tensor

DISPLACEMENT_LAGS = (0.2, 0.4, 0.8)  # [s] over which the cluster's middle is compared
VECTORS = 1 + len(DISPLACEMENT_LAGS)  # the track's velocity and the mean velocity over each lag [m/s]
SCALARS = len(DISPLACEMENT_LAGS) + 6  # lag known; speed's deviation, age [s], contradiction, width [m], ends covered
FEATURES = 2 * VECTORS + SCALARS


def along_beams(features: Tensor, along: Tensor) -> tuple[Tensor, Tensor]:
    """Channels [B, FEATURES, N] of features [B, N, FEATURES], vectors as radial and tangential parts, and the track's
    velocity [B, N, 2] m/s.

    along: unit vectors [N, 2] of the beams.
    """
    across = torch.stack([-along[:, 1], along[:, 0]], dim=-1)
    vectors = features[..., : 2 * VECTORS].unflatten(-1, (VECTORS, 2))
    radial = (vectors * along[:, None]).sum(-1)
    tangential = (vectors * across[:, None]).sum(-1)
    channels = torch.cat([radial, tangential, features[..., 2 * VECTORS :]], dim=-1)
    return channels.transpose(1, 2), vectors[..., 0, :]
