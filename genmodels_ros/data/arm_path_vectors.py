"""Expert paths of an arm as vectors, for any family of generative models.

    x          [M, n * D]  rad, the interior control points' deviation from the straight line, laid out flat
    condition  [M, 2 * D]  start and goal, scaled to the joint limits and turned as robots/paths/features.py says

The scene is left out: such a family knows how this arm moves, not what stands in its way.
"""

from pathlib import Path

import numpy as np

from genmodels_ros.data.trajectory_shards import read_shards
from genmodels_ros.data.vectors import Vectors, vectors
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.paths.features import deviation, scaled_endpoints


def arm_path_vectors(folder: Path, robot: Robot) -> Vectors:
    """All shards of a folder. Raises GenModelsError(MODEL_UNAVAILABLE) if there are none or they do not fit the robot,
    (INVALID_DATA) if they hold too few paths.
    """
    arrays = read_shards(folder, robot)
    start, goal = arrays["start"].astype(float), arrays["goal"].astype(float)
    return vectors(deviation(arrays["control_points"].astype(float)), scaled_endpoints(robot, start, goal))


def save_arm_path_vectors(folder: Path, robot: Robot, out: Path) -> int:
    """Writes them as the .npz that `genmodels fit --data` reads; returns how many. Raises as above."""
    paths = arm_path_vectors(folder, robot)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    with Path(out).open("wb") as file:
        np.savez_compressed(
            file, x=paths.x.reshape(len(paths), *paths.shape).numpy(), condition=paths.condition.numpy()
        )
    return len(paths)
