"""What needs no learning: the predictions a world model has to beat.

Each takes the scans seen so far, at the lidar's own beams, and where the sensor will be.
"""

import numpy as np
import torch

from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.fan import Beams, Fan, complete, fill_nearest, warp

COPY, WARP, MAP = "copy last", "warp by odometry", "raycast on past scans"
MAP_SCANS = 12  # past scans that the local map holds


def predict(scans: list[Fan], poses: np.ndarray, targets: np.ndarray, beams: Beams, limit: float) -> dict:
    """Ranges [K, B] of every baseline at target poses [K, 3].

    scans: those seen, oldest first, at poses [S, 3]. Beams for which no hit is known take that of the nearest beam that
    has one, which the errors of hit beams favour over every other filling tried (the larger or the smaller neighbour, a
    line between both, misses left as they were). Poses are in one frame, odometry's; fans hold a batch of one.
    """
    last = scans[-1]
    poses = torch.as_tensor(np.asarray(poses), dtype=torch.float32)
    targets = torch.as_tensor(np.asarray(targets), dtype=torch.float32)
    count = len(targets)
    seen = _moved(last, poses[-1], targets, beams, limit)
    older = [
        _moved(scan, pose, targets, beams, limit)
        for scan, pose in zip(scans[-2:-MAP_SCANS:-1], poses.flip(0)[1:], strict=False)
    ]
    mapped = complete(seen, older)
    return {
        COPY: fill_nearest(last.ranges, last.hit, limit).expand(count, -1).numpy(),
        WARP: fill_nearest(seen.ranges, seen.hit, limit).numpy(),
        MAP: fill_nearest(mapped.ranges, mapped.hit, limit).numpy(),
    }


def _moved(scan: Fan, pose: torch.Tensor, targets: torch.Tensor, beams: Beams, limit: float) -> Fan:
    motion = planar.relative(pose.expand_as(targets), targets)
    return warp(scan.map(lambda values: values.expand(len(targets), -1)), beams, motion, limit=limit)
