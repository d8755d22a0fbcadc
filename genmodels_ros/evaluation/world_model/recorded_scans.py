"""The scan world model on a recording: what it predicted, what the baselines predicted, and what came."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.recordings import Recording, Scan, bad_recording
from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.world_model.scan_baselines import Baselines
from genmodels_ros.models.world_model.fan import Beams
from genmodels_ros.pipelines.mobile.imagination import MAX_STEPS
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel

HORIZONS = (0.5, 1.0, 2.0)  # [s]
MAX_INTERVAL_STEPS = 12  # of the model between two recorded scans


@dataclass(frozen=True)
class Predictions:
    """M starts, K horizons, B beams; ranges in metres, NaN where the lidar told nothing, `range_max` for misses."""

    start_index: np.ndarray  # [M] in the recording's scans
    horizon_steps: np.ndarray  # [K] scans ahead
    seconds: np.ndarray  # [M, K] ahead
    angles: np.ndarray  # [B]
    range_max: float
    ranges_last: np.ndarray  # [M, B]
    ranges_true: np.ndarray  # [M, K, B]
    ranges_pred: np.ndarray  # [M, K, B]
    ranges_std: np.ndarray  # [M, K, B]
    baselines: dict[str, np.ndarray]  # [M, K, B] each
    poses_true: np.ndarray  # [M, K, 3] in base_link at the start
    poses_pred: np.ndarray  # [M, K, 3]
    collision_prob: np.ndarray  # [M, K]
    surprise: np.ndarray  # [M], NaN before a second scan

    def errors(self, ranges: np.ndarray) -> np.ndarray:
        """Mean absolute error [M, K] of ranges over the beams where something was hit, NaN if there is none."""
        hit = np.isfinite(self.ranges_true) & (self.ranges_true < self.range_max)
        error = np.where(hit, np.abs(np.minimum(ranges, self.range_max) - np.nan_to_num(self.ranges_true)), 0.0)
        with np.errstate(invalid="ignore"):
            return error.sum(-1) / np.where(hit.any(-1), hit.sum(-1), np.nan)

    def save(self, path: Path) -> None:
        """The dump of docs: one .npz."""
        names = (
            "start_index", "horizon_steps", "angles", "range_max", "ranges_last", "ranges_true", "ranges_pred",
            "ranges_std", "poses_true", "poses_pred", "collision_prob", "surprise",
        )  # fmt: skip
        with Path(path).open("wb") as file:
            np.savez_compressed(file, **{name: getattr(self, name) for name in names})


def to_observations(recording: Recording) -> list[Observation]:
    """Scans with the odometry of their time. Raises GenModelsError(NO_OBSERVATION) if there is no odometry.

    Commands are left out, the recorded motion takes their place; so are scans of another geometry than most, or outside
    the time that odometry covers.
    """
    if not recording.scans:
        raise bad_recording(recording.path, "no laser scans to predict.")
    if len(recording.odometry) < 2:
        raise bad_recording(recording.path, "no odometry beside the scans: record nav_msgs/Odometry too.")
    shapes = [(len(scan.ranges), round(scan.angle_min, 4), round(scan.angle_increment, 6)) for scan in recording.scans]
    common = max(set(shapes), key=shapes.count)
    stamps = np.array([item.stamp for item in recording.odometry])
    poses = np.stack([item.pose for item in recording.odometry])
    poses[:, 2] = np.unwrap(poses[:, 2])
    twists = np.stack([item.twist for item in recording.odometry])
    observations = []
    for scan, shape in zip(recording.scans, shapes, strict=True):
        if shape == common and stamps[0] - 0.1 <= scan.stamp <= stamps[-1] + 0.1:
            at = lambda values, t=scan.stamp: np.array([np.interp(t, stamps, column) for column in values.T])  # noqa: E731
            observations.append(_observation(scan, at(poses), at(twists)))
    return observations


def _observation(scan: Scan, pose: np.ndarray, twist: np.ndarray) -> Observation:
    geometry = (scan.angle_min, scan.angle_increment, scan.range_min, scan.range_max)
    return Observation(scan.stamp, scan.ranges, *geometry, pose, twist)


def predict_recording(
    world: WorldModel, recording: Recording, context: int, max_starts: int = 400, quiet: bool = False
) -> Predictions:
    """Observes the scans one by one and, from up to `max_starts` of them, predicts those to come, given the motion.

    context: scans observed before the first prediction. Raises GenModelsError(NO_OBSERVATION) if there are too few.
    """
    observations = [item for item in map(_checked, to_observations(recording)) if item is not None]
    horizons = choose_horizons(np.array([item.stamp for item in observations]))
    last = len(observations) - int(horizons[-1]) - 1
    if last < context - 1:
        raise bad_recording(
            recording.path, f"{len(observations)} usable scans are too few for a context of {context} and a future."
        )
    stride = max(1, (last - context + 2) // max_starts)
    world.reset()
    baselines = Baselines()
    rows, due = [], context - 1
    for index in tqdm(range(last + 1), unit="scan", disable=True if quiet else None):
        used = world.observe(observations[index])
        baselines.observe(observations[index])
        if index >= due and used:
            rows.append(_predict_from(world, baselines, observations, index, horizons))
            due = index + stride
    if not rows:
        raise bad_recording(recording.path, "no scan from which to predict.")
    return _stacked(rows, horizons, observations[0])


def choose_horizons(stamps: np.ndarray) -> np.ndarray:
    """Scans ahead: the next one and those nearest to HORIZONS, at the recording's median rate."""
    period = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 1.0
    return np.unique([1, *[max(1, round(seconds / period)) for seconds in HORIZONS]])


def _checked(observation: Observation) -> Observation | None:
    try:
        return observation.checked()
    except GenModelsError:
        return None  # a scan without any usable range: the world model refuses it as well


def _predict_from(
    world: WorldModel, baselines: Baselines, observations: list[Observation], index: int, horizons: np.ndarray
) -> dict:
    now = observations[index]
    future = observations[index : index + int(horizons[-1]) + 1]
    commands, poses, at = driven_steps([item.stamp for item in future], np.stack([item.pose for item in future]))
    forecast = world.forecast(commands, poses, at[horizons - 1])
    seconds = np.array([future[h].stamp - now.stamp for h in horizons])
    return {
        "index": index,
        "seconds": seconds,
        "last": measured_ranges(now),
        "true": np.stack([measured_ranges(future[h]) for h in horizons]),
        "pred": forecast.ranges,
        "std": forecast.std,
        "baselines": baselines.predict(np.stack([future[h].pose for h in horizons]), seconds),
        "poses_true": np.stack([relative_pose(now.pose, future[h].pose) for h in horizons]),
        "poses_pred": forecast.poses,
        "collision": forecast.collision_probability,
        "surprise": math.nan if world.surprise is None else world.surprise,
    }


def _stacked(rows: list[dict], horizons: np.ndarray, first: Observation) -> Predictions:
    stack = lambda name: np.stack([row[name] for row in rows])  # noqa: E731
    return Predictions(
        start_index=stack("index"),
        horizon_steps=horizons,
        seconds=stack("seconds"),
        angles=_angles(first.beams),
        range_max=first.range_max,
        ranges_last=stack("last"),
        ranges_true=stack("true"),
        ranges_pred=stack("pred"),
        ranges_std=stack("std"),
        baselines={name: np.stack([row["baselines"][name] for row in rows]) for name in rows[0]["baselines"]},
        poses_true=stack("poses_true"),
        poses_pred=stack("poses_pred"),
        collision_prob=stack("collision"),
        surprise=stack("surprise"),
    )


def _angles(beams: Beams) -> np.ndarray:
    return beams.angle_min + beams.increment * np.arange(beams.count)


def measured_ranges(observation: Observation) -> np.ndarray:
    """Ranges [B] in metres: `range_max` for misses, NaN where the lidar told nothing."""
    fan = observation.fan()
    return np.where(fan.known[0].numpy(), fan.ranges[0].numpy(), np.nan)


def relative_pose(origin: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Pose [3] in the frame of `origin` [3], both in odom."""
    cos, sin = math.cos(origin[2]), math.sin(origin[2])
    dx, dy = pose[:2] - origin[:2]
    return np.array([cos * dx + sin * dy, cos * dy - sin * dx, math.remainder(pose[2] - origin[2], 2 * math.pi)])


def driven_steps(stamps: list[float], poses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recorded motion as steps of the model: twists [T, 2], poses [T, 3] in the first pose's frame, and the last row of
    each interval [len(stamps) - 1].

    An interval becomes the nearest whole number of steps, at most MAX_INTERVAL_STEPS and at least one, of equal motion.
    """
    step, commands, at = 0.2, [], []
    own = [np.zeros(3)]
    local = np.stack([relative_pose(poses[0], pose) for pose in poses])
    local[:, 2] = np.unwrap(local[:, 2])
    for i in range(len(poses) - 1):
        count = int(np.clip(round((stamps[i + 1] - stamps[i]) / step), 1, MAX_INTERVAL_STEPS))
        count = max(1, min(count, MAX_STEPS - len(commands) - (len(poses) - 2 - i)))
        dx, dy, turn = relative_pose(poses[i], poses[i + 1])
        along = dx * math.cos(turn / 2) + dy * math.sin(turn / 2)
        commands += [[along / np.sinc(turn / (2 * math.pi)) / (count * step), turn / (count * step)]] * count
        own += [local[i] + (local[i + 1] - local[i]) * (k + 1) / count for k in range(count)]
        at.append(len(commands) - 1)
    return np.array(commands), np.array(own[1:]), np.array(at)
