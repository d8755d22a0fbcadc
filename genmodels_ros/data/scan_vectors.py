"""Lidar scans as vectors for the families, and back: fewer beams, in units in which near counts more than far.

log        log r       an error is a share of the range
inverse    1 / r       an error in 1/m: far walls hardly count, as in stereo vision
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from genmodels_ros.data.episodes import load_shard
from genmodels_ros.data.vectors import Vectors, vectors
from genmodels_ros.errors import ErrorCode, GenModelsError

KINDS = ("log", "inverse")
LEAST_MEASURED = 0.5  # share of a scan's beams, to learn from it


@dataclass(frozen=True)
class ScanFeatures:
    """How a scan becomes `beams` numbers. range_min, range_max [m]: ranges are clipped to them.

    closed: the beams go round the full circle, so that the last one neighbours the first. Raises
    GenModelsError(INVALID_CONFIG) for values it cannot use.
    """

    beams: int = 60
    kind: str = "log"
    range_min: float = 0.05
    range_max: float = 12.0
    closed: bool = True

    def __post_init__(self):
        if self.beams < 1 or self.kind not in KINDS or not 0 < self.range_min < self.range_max < np.inf:
            raise GenModelsError(
                ErrorCode.INVALID_CONFIG,
                f"Scan features need at least one beam, a kind of {', '.join(KINDS)} and 0 < range_min < range_max; "
                f"got {asdict(self)}.",
            )

    def features(self, scans: np.ndarray) -> np.ndarray:
        """[N, beams] float32 of ranges [N, B] in m, evenly spaced and in the same order.

        inf is a beam that hit nothing and counts as range_max; NaN, and what is below range_min, is one that measured
        nothing and takes the range of the nearest that did. Raises GenModelsError(INVALID_DATA) for a scan without any.
        """
        ranges = self._nearest_measured(np.asarray(scans, np.float32))[:, self._chosen(np.shape(scans)[1])]
        ranges = ranges.clip(self.range_min, self.range_max)
        return np.log(ranges) if self.kind == "log" else 1 / ranges

    def ranges(self, features: np.ndarray) -> np.ndarray:
        """[N, beams] m, within range_min to range_max: the inverse, of whatever a model made."""
        features = np.asarray(features, np.float32)
        low, high = sorted(self._feature(r) for r in (self.range_min, self.range_max))
        features = features.clip(low, high)
        ranges = np.exp(features) if self.kind == "log" else 1 / features
        return ranges.clip(self.range_min, self.range_max)

    def vectors(self, scans: np.ndarray, condition: np.ndarray | None = None) -> Vectors:
        """x [N, beams] to learn from; scans with fewer than half of their beams measured are left out."""
        scans = np.asarray(scans, np.float32)
        usable = self._measured(scans).mean(1) >= LEAST_MEASURED
        if not usable.any():
            raise GenModelsError(ErrorCode.INVALID_DATA, "No scan has half of its beams measured: check range_min.")
        return vectors(self.features(scans[usable]), None if condition is None else np.asarray(condition)[usable])

    def angles(self, angle_min: float = -np.pi) -> np.ndarray:
        """[beams] rad: bearings of the features of a closed scan whose beam 0 points to angle_min."""
        return angle_min + 2 * np.pi / self.beams * np.arange(self.beams)

    def settings(self) -> dict:
        """For a card; `ScanFeatures(**settings)` is the same again."""
        return asdict(self)

    def _feature(self, metres: float) -> float:
        return float(np.log(metres)) if self.kind == "log" else 1 / metres

    def _chosen(self, count: int) -> np.ndarray:
        """Which of `count` beams are kept: on a circle the last gap closes it, on a fan both ends are kept."""
        if self.closed:
            return np.round(np.arange(self.beams) * count / self.beams).astype(int) % count
        return np.round(np.linspace(0, count - 1, self.beams)).astype(int)

    def _measured(self, scans: np.ndarray) -> np.ndarray:
        return ~np.isnan(scans) & (scans >= self.range_min)

    def _nearest_measured(self, scans: np.ndarray) -> np.ndarray:
        measured = self._measured(scans)
        if not measured.any(1).all():
            raise GenModelsError(
                ErrorCode.INVALID_DATA, "A scan has no measured beam: leave it out, or check the lidar."
            )
        broken = ~measured.all(1)
        if not broken.any():
            return scans
        filled = scans.copy()
        filled[broken] = np.take_along_axis(scans[broken], self._nearest(measured[broken]), axis=1)
        return filled

    def _nearest(self, measured: np.ndarray) -> np.ndarray:
        """Index of the measured beam nearest to each [N, B]."""
        count = measured.shape[1]
        if self.closed:
            measured = np.tile(measured, 3)
        places = np.arange(measured.shape[1])
        before = np.maximum.accumulate(np.where(measured, places, -(10**6)), axis=1)
        after = np.minimum.accumulate(np.where(measured, places, 10**6)[:, ::-1], axis=1)[:, ::-1]
        nearest = np.where(places - before <= after - places, before, after)
        return nearest[:, count : 2 * count] % count if self.closed else nearest


def scans_of_shards(paths: Sequence[Path], every: int = 5) -> np.ndarray:
    """Every n-th scan [N, B] float32 of shards of drives (data/episodes.py): neighbours in time are nearly alike."""
    return np.concatenate([load_shard(path).scan[::every].astype(np.float32) for path in paths])
