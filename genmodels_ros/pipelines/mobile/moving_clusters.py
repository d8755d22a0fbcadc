"""What moves in a lidar's view, without learning: clusters of beams tracked at constant velocity.

Each scan is cut into clusters where neighbouring points jump apart; small ones are matched to tracks, each a Kalman
filter of position and velocity in odom driven by white acceleration (Bar-Shalom et al. 2001, section 6.2). A cluster
moves if its speed stands out of the track's own uncertainty and if it contradicts free space: it stands where earlier
scans saw through, or the present scan sees through where it stood. Without the second condition every wall behind a
doorway seems to walk.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from genmodels_ros.models.world_model.fan import Beams
from genmodels_ros.models.world_model.tracks import DISPLACEMENT_LAGS, FEATURES

JUMP = (0.12, 0.03)  # neighbours farther apart than a + b * range [m] belong to different clusters
WIDEST = 1.0  # [m] of a cluster that is tracked
LEAST_POINTS = 2
GATE, FARTHEST = 0.55, 0.9  # [m] between prediction and cluster: beside the track's deviation, and in any case
ACCELERATION = 1.2  # [m/s^2] standard deviation of what drives the tracks
POSITION_STD = 0.03  # [m] of a cluster's middle
FIRST_SPEED_STD = 0.8  # [m/s] of a track just born
LOST_AFTER = 0.9  # [s] unseen
SLOWEST = 0.12  # [m/s] that counts as moving
STANDS_OUT = 1.0  # standard deviations of the speed
SEEN_THROUGH = 0.2  # [m] that a beam must reach beyond a place to call it free
CONTRADICTION = 0.5  # share of a cluster's points that must contradict free space
RECENT, MEMORY = 0.3, 1.0  # [s] between which earlier scans are asked what was free
LAG_TOLERANCE = 0.3  # of a lag


@dataclass(frozen=True)
class Clusters:
    """What may move: the cluster of each beam and what is known of each cluster; vectors in the robot's frame."""

    labels: np.ndarray  # [B] number of the cluster, -1 for beams of none
    velocity: np.ndarray  # [K, 2] m/s of the track
    moving: np.ndarray  # [K] bool
    features: np.ndarray  # [K, FEATURES], as models/world_model/tracks.py lists them
    trails: tuple[np.ndarray, ...] = ()  # K of [steps, 3]: stamp [s] and middle x, y [m, odom], oldest first

    def at_beams(self, values: np.ndarray) -> np.ndarray:
        """Values [K, ...] of the clusters at the beams [B, ...], 0 where there is none."""
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]), values.dtype)])
        return padded[self.labels]


@dataclass
class _Track:
    state: np.ndarray  # [4] x, y, vx, vy in odom
    covariance: np.ndarray  # [2, 2] of position and velocity, the same along x and y
    born: float
    seen: float
    trail: deque = field(default_factory=lambda: deque(maxlen=8))  # (stamp, points [K, 2], their middle)

    def predict(self, seconds: float) -> None:
        self.state[:2] += seconds * self.state[2:]
        move = np.array([[1.0, seconds], [0.0, 1.0]])
        noise = ACCELERATION**2 * np.array([[seconds**4 / 4, seconds**3 / 2], [seconds**3 / 2, seconds**2]])
        self.covariance = move @ self.covariance @ move.T + noise

    def update(self, middle: np.ndarray, std: float) -> None:
        gain = self.covariance[:, 0] / (self.covariance[0, 0] + std**2)
        surprise = middle - self.state[:2]
        self.state += np.concatenate([gain[0] * surprise, gain[1] * surprise])
        self.covariance = self.covariance - np.outer(gain, self.covariance[0])

    @property
    def steps(self) -> np.ndarray:
        """[steps, 3] of the trail: stamp and middle."""
        return np.array([(stamp, *middle) for stamp, _, middle in self.trail])

    @property
    def speed_std(self) -> float:
        return math.sqrt(self.covariance[1, 1])


@dataclass(frozen=True)
class _View:
    """A scan and where it was taken: what was free then."""

    stamp: float
    pose: np.ndarray
    reach: np.ndarray  # [B] m, 0 for unknown beams
    beams: Beams

    def free(self, points: np.ndarray) -> np.ndarray:
        """Whether this scan saw through each of the points [K, 2] in odom: [K] bool."""
        local = (points - self.pose[:2]) @ _rotation(self.pose[2])
        distance = np.hypot(local[:, 0], local[:, 1])
        column = np.rint((np.arctan2(local[:, 1], local[:, 0]) - self.beams.angle_min) / self.beams.increment)
        column = column.astype(int)
        if self.beams.closed:
            column %= self.beams.count
        inside = (column >= 0) & (column < self.beams.count)
        reach = self.reach[np.clip(column, 0, self.beams.count - 1)]
        return inside & (reach > distance + SEEN_THROUGH)


class Tracker:
    """Follows clusters from scan to scan. Scans come in the order of time, poses in one frame (odom)."""

    def __init__(self):
        self._tracks: list[_Track] = []
        self._past: deque[_View] = deque()
        self._stamp: float | None = None

    def observe(
        self, stamp: float, ranges: np.ndarray, hit: np.ndarray, known: np.ndarray, beams: Beams, pose: np.ndarray
    ) -> Clusters:
        """The next scan [B] m seen from `pose` [3] (x, y, yaw); misses hold the range limit."""
        angles = beams.angle_min + beams.increment * np.arange(beams.count)
        local = ranges[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        labels = segment(local, ranges, hit, beams.closed)
        view = _View(stamp, pose.copy(), np.where(known, ranges, 0.0), beams)
        points = local @ _rotation(pose[2]).T + pose[:2]
        found = self._advance(view, points, ranges, labels)
        self._past.append(view)
        while stamp - self._past[0].stamp > MEMORY + 1e-6:
            self._past.popleft()
        return found

    def _advance(self, view: _View, points: np.ndarray, ranges: np.ndarray, labels: np.ndarray) -> Clusters:
        seconds = 0.0 if self._stamp is None else view.stamp - self._stamp
        self._stamp = view.stamp
        for track in self._tracks:
            track.predict(seconds)
        self._tracks = [track for track in self._tracks if view.stamp - track.seen <= LOST_AFTER]
        members = _members(labels)
        middles = np.array([points[index].mean(0) for index in members]).reshape(-1, 2)
        tracks = self._followed(middles, members, ranges, view)
        contradiction = self._contradictions(tracks, members, points, view)
        turn = _rotation(view.pose[2])
        velocity = np.array([track.state[2:] for track in tracks]).reshape(-1, 2) @ turn
        deviation = np.array([track.speed_std for track in tracks])
        moving = np.hypot(*velocity.T) > np.maximum(SLOWEST, STANDS_OUT * deviation)
        features = np.zeros((len(members), FEATURES), np.float32)
        numbers = np.full(len(labels), -1)
        for number, (track, index) in enumerate(zip(tracks, members, strict=True)):
            numbers[index] = number
            features[number] = [
                *velocity[number], *_displacements(track, middles[number], view.stamp, turn), deviation[number],
                min(view.stamp - track.born, 2.0), contradiction[number], *_outline(index, ranges, view.beams),
            ]  # fmt: skip
            track.trail.append((view.stamp, points[index], middles[number]))
        trails = tuple(track.steps for track in tracks)
        return Clusters(numbers, velocity, moving & (contradiction >= CONTRADICTION), features, trails)

    def _followed(self, middles: np.ndarray, members: list, ranges: np.ndarray, view: _View) -> list[_Track]:
        """The track of each cluster, updated; new ones where none fits."""
        pairs, tracks = self._matched(middles), []
        for number, (middle, index) in enumerate(zip(middles, members, strict=True)):
            track = pairs.get(number)
            if track is None:
                covariance = np.diag([POSITION_STD**2, FIRST_SPEED_STD**2])
                track = _Track(np.array([*middle, 0.0, 0.0]), covariance, view.stamp, view.stamp)
                self._tracks.append(track)
            else:
                spacing = view.beams.increment * float(ranges[index].mean())
                track.update(middle, math.hypot(POSITION_STD, 0.5 * spacing))
                track.seen = view.stamp
            tracks.append(track)
        return tracks

    def _matched(self, middles: np.ndarray) -> dict[int, _Track]:
        """Cluster number → track, the nearest pairs first, each within the track's gate."""
        if not len(middles) or not self._tracks:
            return {}
        expected = np.array([track.state[:2] for track in self._tracks])
        reach = np.array([min(GATE + 2 * math.sqrt(track.covariance[0, 0]), FARTHEST) for track in self._tracks])
        distance = np.linalg.norm(middles[:, None] - expected[None], axis=-1)
        rows, columns = np.nonzero(distance < reach)
        pairs, taken = {}, set()
        for pick in np.argsort(distance[rows, columns], kind="stable"):
            row, column = int(rows[pick]), int(columns[pick])
            if row not in pairs and column not in taken:
                pairs[row] = self._tracks[column]
                taken.add(column)
        return pairs

    def _contradictions(self, tracks: list[_Track], members: list, points: np.ndarray, view: _View) -> np.ndarray:
        """For each cluster the largest share of its points that stand where it was free, or stood where it is now."""
        share = np.zeros(len(members))
        if not len(members):
            return share
        sizes = np.array([len(index) for index in members])
        together = points[np.concatenate(members)]
        for before in self._past:
            if view.stamp - before.stamp > RECENT:
                share = np.maximum(share, _shares(before.free(together), sizes))
        old = [
            (number, stood)
            for number, track in enumerate(tracks)
            for stamp, stood, _ in track.trail
            if RECENT < view.stamp - stamp <= MEMORY
        ]
        if old:
            owners = np.array([number for number, _ in old])
            free = view.free(np.concatenate([stood for _, stood in old]))
            np.maximum.at(share, owners, _shares(free, np.array([len(stood) for _, stood in old])))
        return share


def _shares(flags: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The mean of flags over consecutive groups of the given sizes."""
    return np.add.reduceat(flags.astype(float), np.concatenate([[0], np.cumsum(sizes)[:-1]])) / sizes


def _displacements(track: _Track, middle: np.ndarray, stamp: float, turn: np.ndarray) -> list[float]:
    """Mean velocities of the cluster's middle over DISPLACEMENT_LAGS in the robot's frame, and which are known."""
    vectors, known = [], []
    for lag in DISPLACEMENT_LAGS:
        near = min(track.trail, key=lambda entry: abs(stamp - entry[0] - lag), default=None)
        usable = near is not None and abs(stamp - near[0] - lag) <= LAG_TOLERANCE * lag
        vectors += [*((middle - near[2]) / (stamp - near[0]) @ turn)] if usable else [0.0, 0.0]
        known.append(float(usable))
    return [*vectors, *known]


def _outline(index: np.ndarray, ranges: np.ndarray, beams: Beams) -> list[float]:
    """Width [m] of the cluster of these beams, and whether something nearer covers either end."""
    before, after = ranges[(index[0] - 1) % len(ranges)], ranges[(index[-1] + 1) % len(ranges)]
    width = beams.increment * len(index) * float(ranges[index].mean())
    return [width, float(before < ranges[index[0]]), float(after < ranges[index[-1]])]


def _members(labels: np.ndarray) -> list[np.ndarray]:
    """The beams of each cluster, in the order in which the fan passes them."""
    order = np.argsort(labels, kind="stable")
    order = order[labels[order] >= 0]
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1) if len(order) else []


def segment(points: np.ndarray, ranges: np.ndarray, hit: np.ndarray, closed: bool) -> np.ndarray:
    """Cluster number of each beam [B], -1 for those not tracked: no hit, too few points or too wide."""
    count = len(ranges)
    gap = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    nearer = np.minimum(ranges, np.roll(ranges, -1))
    joined = hit & np.roll(hit, -1) & (gap < JUMP[0] + JUMP[1] * nearer)
    if not closed:
        joined[-1] = False
    # Counting begins behind a gap, so that a cluster across the circle's seam is one.
    first = 0 if joined.all() else int(np.flatnonzero(~joined)[0] + 1) % count
    order = (first + np.arange(count)) % count
    starts = np.concatenate([[True], ~joined[order][:-1]])
    numbers = np.cumsum(starts) - 1
    edges = np.flatnonzero(starts)
    sizes = np.diff(np.append(edges, count))
    reach = lambda beams: np.hypot(*(points[order[beams]] - points[order[edges]]).T)  # noqa: E731
    width = np.maximum(reach(edges + sizes - 1), reach(edges + sizes // 2))  # a ring's ends meet
    tracked = (sizes >= LEAST_POINTS) & (width <= WIDEST) & hit[order[edges]]
    labels = np.full(count, -1)
    labels[order] = np.where(tracked[numbers], numbers, -1)
    return labels


def _rotation(yaw: float) -> np.ndarray:
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.array([[cos, -sin], [sin, cos]])
