"""Scenes for an arm, made up: furniture of a random family, scaled to the arm, and things in the air.

The arm stands at the origin; its column stays free. Furniture is drawn for an arm of REACH and scaled to the arm at
hand, so that a small arm meets small shelves.
"""

from dataclasses import replace

import numpy as np
import torch

from genmodels_ros.robots.distance import ObstacleField, distances
from genmodels_ros.robots.obstacles import Obstacle, Scene
from genmodels_ros.simulation.arm.furniture import FAMILIES, WEIGHTS, floating
from genmodels_ros.simulation.arm.space import PANDA, ArmSpace


def random_arm_scene(rng: np.random.Generator, space: ArmSpace = PANDA) -> Scene:
    """One scene of a random family, with 1 to most_obstacles, none of which reaches into the arm's column."""
    while True:
        family = FAMILIES[rng.choice(len(FAMILIES), p=WEIGHTS)]
        obstacles = family(rng)
        if rng.random() < 0.3:
            obstacles = [*obstacles, *floating(rng, int(rng.integers(1, 4)))]
        obstacles = [_scaled(obstacle, space.scale) for obstacle in obstacles]
        obstacles = [obstacle for obstacle in obstacles if _clear_of_column(obstacle, space)]
        if obstacles:
            return Scene(tuple(obstacles[: space.most_obstacles]))


def _clear_of_column(obstacle: Obstacle, space: ArmSpace) -> bool:
    field = ObstacleField.from_scene(Scene((obstacle,)))
    return bool((distances(field, torch.as_tensor(space.column(), dtype=torch.float32)) > space.column_radius).all())


def _scaled(obstacle: Obstacle, scale: float) -> Obstacle:
    """The obstacle in a world `scale` times as large."""
    names = [name for name in ("center", "dims", "radius", "height") if hasattr(obstacle, name)]
    return replace(obstacle, **{name: scale * np.asarray(getattr(obstacle, name)) for name in names})
