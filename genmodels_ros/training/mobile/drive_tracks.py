"""What the tracker knows along drives, computed once a shard and kept beside it as `tracks_*.npz`."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from genmodels_ros.data.episodes import ANGLE_MIN, Episodes, load_shard
from genmodels_ros.models.world_model.fan import Beams
from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.models.world_model.tracks import FEATURES
from genmodels_ros.pipelines.mobile.moving_clusters import Tracker

RANGE_MIN, RANGE_MAX = 0.12, 12.0  # [m] of the simulated lidar


class DriveTracks:
    """The clusters of all rows of some shards, looked up a beam of the model."""

    def __init__(self, paths: list[Path], shards: list[Episodes], sources: list[Tensor]):
        """sources: for each shard the lidar's beam [R, N] that each of the model's beams was taken from."""
        labels, firsts, features, offset = [], [], [np.zeros((1, FEATURES), np.float16)], 1
        for path, shard, source in zip(paths, shards, sources, strict=True):
            label, count, feature = cached_tracks(path, shard)
            picked = np.take_along_axis(label, source.numpy().astype(np.int64), axis=1)
            first = offset + np.concatenate([[0], np.cumsum(count)[:-1]])
            labels.append(picked), firsts.append(first), features.append(feature)
            offset += len(feature)
        self._labels = torch.from_numpy(np.concatenate(labels))
        self._first = torch.from_numpy(np.concatenate(firsts).astype(np.int32))
        self._features = torch.from_numpy(np.concatenate(features))

    def at(self, rows: Tensor) -> Tensor:
        """Features [..., N, FEATURES] of the rows [...], 0 for beams of no cluster."""
        labels = self._labels[rows].long()
        index = torch.where(labels >= 0, labels + self._first[rows][..., None], 0)
        return self._features[index].float()


def cached_tracks(path: Path, shard: Episodes | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels [R, B] int8, clusters a row [R] and their features [sum, FEATURES], from beside the shard or made now."""
    cache = Path(path).with_name(f"tracks_{Path(path).name}")
    try:
        with np.load(cache, allow_pickle=False) as arrays:
            if arrays["features"].shape[1] == FEATURES:
                return arrays["labels"], arrays["counts"], arrays["features"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        pass  # not there, or not whole: made again
    labels, counts, features = follow(load_shard(path) if shard is None else shard)
    partial = cache.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, labels=labels, counts=counts, features=features)
    partial.replace(cache)
    return labels, counts, features


def follow(shard: Episodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tracker over all rows of a shard, anew for each drive."""
    count = shard.scan.shape[1]
    beams = Beams(count, ANGLE_MIN, 2 * np.pi / count)
    scan = shard.scan.astype(np.float64)
    hit = np.isfinite(scan) & (scan >= RANGE_MIN) & (scan < RANGE_MAX)
    known = hit | (scan >= RANGE_MAX)
    ranges = np.where(hit, scan, RANGE_MAX)
    labels, counts, features = [], [], []
    for row in range(len(shard)):
        if row == 0 or shard.drive[row] != shard.drive[row - 1]:
            tracker = Tracker()
        pose = shard.odometry[row].astype(float)
        found = tracker.observe(row * TIME_STEP, ranges[row], hit[row], known[row], beams, pose)
        labels.append(found.labels.astype(np.int8)), counts.append(len(found.features))
        features.append(found.features.astype(np.float16))
    return np.stack(labels), np.array(counts), np.concatenate(features)


def follow_all(paths: list[Path], workers: int) -> None:
    """Makes what is missing beside the shards, several at a time."""
    with ProcessPoolExecutor(workers) as pool:
        for _ in tqdm(pool.map(_follow_one, paths, chunksize=4), total=len(paths), unit="shard", disable=None):
            pass


def _follow_one(path: Path) -> None:
    cached_tracks(path)
