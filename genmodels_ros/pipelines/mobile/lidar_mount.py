"""A scan as the robot's centre would see it, where the lidar stands elsewhere on the robot."""

import math
from dataclasses import replace

import torch

from genmodels_ros.models.world_model.fan import warp
from genmodels_ros.pipelines.mobile.observation import Observation


def seen_from_centre(observation: Observation, x: float, y: float) -> Observation:
    """The scan of a lidar at (`x`, `y`) m in base_link as seen from base_link's origin, at the same bearings.

    What the centre would see and the lidar does not, is NaN. The robot itself hides nothing: what the lidar sees of
    it should be below its `range_min`. Takes and gives a checked observation, bearings in base_link.
    """
    if x == 0 and y == 0:
        return observation
    offset = math.hypot(x, y)
    fan = warp(
        observation.fan(), observation.beams, torch.tensor([[-x, -y, 0.0]]), limit=observation.range_max + offset
    )
    ranges = torch.where(fan.hit, fan.ranges, math.inf).where(fan.known, math.nan)
    return replace(
        observation,
        ranges=ranges[0].numpy(),
        range_min=max(0.0, observation.range_min - offset),
        range_max=observation.range_max + offset,
    )
