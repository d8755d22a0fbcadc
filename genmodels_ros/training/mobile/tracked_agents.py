"""Agents as a robot's lidar tracks them: trails of clusters (pipelines/mobile/moving_clusters), and where they went.

Whatever the tracker does to a walking person (legs that take turns, near sides only, gaps) is in these pasts; the
future is how the person moves in truth from there on, in the odometry's frame of the moment. So a prediction says how
the points of a cluster will be displaced; that they are a person's near side only is not its business.
"""

import numpy as np

from genmodels_ros.data.agent_frame import FUTURE, PAST, TIME_STEP, padded, turned
from genmodels_ros.data.agent_tracks import AgentWindows, hit_points
from genmodels_ros.data.episodes import Episodes, windows
from genmodels_ros.models.world_model.fan import RANGE_LIMIT, circle
from genmodels_ros.pipelines.mobile.moving_clusters import Clusters, Tracker

SAME = 0.5  # m between a cluster's middle and the person whose it is
CLOCK = 1e-6  # s


def tracked_windows(episodes: Episodes, stride: int = 1) -> AgentWindows | None:
    """Every cluster that is some person's, at every `stride`-th moment of one shard; None if there is none.

    seen: the tracker says that it moves.
    """
    moments = set((windows(episodes, PAST + 1 + FUTURE, stride) + PAST).tolist())
    tracker, drive, rows = Tracker(), None, []
    for row in range(len(episodes)):
        if episodes.drive[row] != drive:
            tracker, drive = Tracker(), episodes.drive[row]
        clusters = _observed(tracker, row, episodes)
        if row in moments:
            rows += _people_of(clusters, row, episodes)
    if not rows:
        return None
    past, future, velocity, robot, points, moving = zip(*rows, strict=True)
    return AgentWindows(*map(np.array, (past, future, velocity, robot)), points, np.array(moving))


def _observed(tracker: Tracker, row: int, episodes: Episodes) -> Clusters:
    scan = episodes.scan[row].astype(float)
    hit = np.isfinite(scan) & (scan < RANGE_LIMIT)
    ranges = np.where(hit, scan, RANGE_LIMIT)
    stamp, pose = TIME_STEP * row, episodes.odometry[row].astype(float)
    return tracker.observe(stamp, ranges, hit, ~np.isnan(scan), circle(len(scan)), pose)


def _people_of(clusters: Clusters, row: int, episodes: Episodes) -> list[tuple]:
    """A row of AgentWindows for each cluster that is somebody's."""
    odometry, pose = episodes.odometry[row].astype(float), episodes.pose[row].astype(float)
    to_odom = lambda at: turned((at - pose[:2])[None], odometry[2:] - pose[2:])[0] + odometry[:2]  # noqa: E731
    people = to_odom(episodes.people[row : row + FUTURE + 1, :, :2].astype(float))  # [FUTURE + 1, W, 2]
    points = hit_points(odometry, episodes.scan[row])
    velocity, found = turned(clusters.velocity, np.full(len(clusters.velocity), odometry[2])), []
    for number, trail in enumerate(clusters.trails):
        distance = np.nan_to_num(np.hypot(*(people[0] - trail[-1, 1:]).T), nan=np.inf)
        nearest, past = int(np.argmin(distance)), past_of(trail)
        if distance[nearest] < SAME and past is not None:
            future = trail[-1, 1:] + people[1:, nearest] - people[0, nearest]
            found.append((past, future, velocity[number], odometry[:2], points, clusters.moving[number]))
    return found


def past_of(trail: np.ndarray) -> np.ndarray | None:
    """[PAST + 1, 2] every TIME_STEP up to now, of a trail [steps, 3] of stamps and places; None if it is too young."""
    times = trail[-1, 0] - TIME_STEP * np.arange(PAST, -1, -1)
    times = times[times >= trail[0, 0] - CLOCK]
    if len(times) < 2:
        return None
    return padded(np.stack([np.interp(times, trail[:, 0], trail[:, axis]) for axis in (1, 2)], axis=1)[None])[0]
