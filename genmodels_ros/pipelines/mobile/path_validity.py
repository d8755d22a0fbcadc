"""Which poses of a path can be driven to: by what the last scan shows, and by what the world model imagines."""

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.model import RADIUS
from genmodels_ros.pipelines.mobile.path_following import follow_paths
from genmodels_ros.pipelines.mobile.routes import nearest
from genmodels_ros.pipelines.mobile.stopping import scan_points
from genmodels_ros.pipelines.mobile.world_model import PATH_SECONDS, WorldModel

AHEAD = 0.5  # m along the path that the robot may be ahead of where the speed alone would have it
AT_ONCE = 1 << 20  # pairs of pose and scan point that are compared at a time


def invalid_poses(
    world: WorldModel, path: np.ndarray, speed: float, max_risk: float, radius: float = RADIUS
) -> np.ndarray:
    """Indexes [K] of the poses of `path` [P, 2 or 3] in base_link, P at least 2, that the robot should not drive to.

    A pose is invalid where something that the last scan hit is nearer than `radius` m, as far as the scan sees. And the
    robot is imagined along the path at `speed` m/s: from the pose where it more probably than `max_risk` has touched
    something, all are invalid to where the model's sight ends (PATH_SECONDS). What comes before the pose nearest to the
    robot is passed.
    Raises GenModelsError: NO_OBSERVATION before the first scan; INVALID_PATH, NOT_FINITE, INVALID_SCALING as
    `follow_paths`.
    """
    observation = world.last_observation
    if observation is None:
        raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: publish scan and odom first.")
    follow_paths([path], speed, world.time_step, 1)  # refuses what is no path
    path = np.asarray(path, dtype=float)[:, :2]
    first = nearest(path, np.zeros(2))
    ahead = path[first:]
    invalid = occupied(ahead, scan_points(observation), radius)
    steps = round(PATH_SECONDS / world.time_step)
    commands, _ = follow_paths([np.concatenate([np.zeros((1, 2)), ahead])], speed, world.time_step, steps)
    future = world.imagine(commands)
    risky = future.collision_probability[0] > max_risk
    if risky.any():
        along = arc_length(ahead)
        at = places(ahead, future.poses[0, :, :2], speed * world.time_step)[np.argmax(risky)]
        invalid[at : max(at + 1, np.searchsorted(along, speed * PATH_SECONDS, side="right"))] = True
    return first + np.flatnonzero(invalid)


def occupied(path: np.ndarray, points: np.ndarray, radius: float) -> np.ndarray:
    """Which places [P, 2] have one of the points [M, 2] nearer than `radius` m: bool [P]."""
    found = np.zeros(len(path), dtype=bool)
    if not len(points):
        return found
    rows = max(1, AT_ONCE // len(points))
    for start in range(0, len(path), rows):
        part = path[start : start + rows, None] - points
        found[start : start + rows] = (np.square(part).sum(axis=-1) < radius**2).any(axis=1)
    return found


def places(path: np.ndarray, positions: np.ndarray, advance: float) -> np.ndarray:
    """Indexes [T] into a path [P, 2] of where a robot is along it that is at `positions` [T, 2], `advance` m apart at
    most. It never goes back, so that a path may cross itself."""
    along, reached, found = arc_length(path), 0, []
    for step, position in enumerate(positions):
        end = np.searchsorted(along, (step + 1) * advance + AHEAD, side="right")
        reached += nearest(path[reached : max(end, reached + 1)], position)
        found.append(reached)
    return np.array(found)


def arc_length(path: np.ndarray) -> np.ndarray:
    """Metres [P] along a polyline [P, 2] to each of its points."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
