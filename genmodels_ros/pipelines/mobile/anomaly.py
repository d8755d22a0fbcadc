"""Surprise: what the robot senses that neither people nor its own motion explain, at a known rate of false alarms.

Each scan gives a few statistics, each about one fault and in its own units. A calibration on nominal driving says how
often an hour each value is reached; what is rarer than the false alarms allowed to its cause is an alarm.

    frozen   share of beams that repeat the last scan to the last digit
    scan     speed [m/s] at which something must have come to stand where it is near now: the lidar is covered
    place    share of the scan that no motion explains: the robot was carried off
    motion   distance of the motion that the scans show from odometry's, in deviations of both: the wheels slip
    model    mean -log density [nats] of the beams under what the world model expected
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from genmodels_ros.models.world_model.fan import Beams
from genmodels_ros.pipelines.calibration import CAUSES, Calibration
from genmodels_ros.pipelines.mobile.scan_matching import Match, Surface, arrivals, match, relative, surface

BASELINE = 0.5  # [s] at most between the scans that motion is read from, unless the lidar is slower
LONGEST = 1.0  # [s] without a scan that hits something
MEMORY = 4  # scans; with one every 0.2 s two are used
NEAR = 0.6  # [m] within which something covers the lidar
WIDE = math.radians(12)  # of what covers it at least
BLIND = 1.0  # [m] that what is nearer than the lidar can measure is taken to have come
SAME = 0.1  # [m] within which what covers the lidar stays where it is
FEWEST = 10  # beams that hit something, below which nothing is told
SLIP = 0.1  # share of the motion told that odometry may be wrong by, one deviation
ROUGH = 0.01  # [m] and rad that it may be wrong by in any case
STANDS = 0.005  # [m] and rad of motion below which a lidar without noise repeats itself


@dataclass(frozen=True)
class Evidence:
    """One scan at the beams of the model, and what odometry and the model say of it."""

    stamp: float  # [s]
    beams: Beams
    ranges: np.ndarray  # [N] m
    hit: np.ndarray  # [N] bool
    known: np.ndarray  # [N] bool
    pose: np.ndarray  # [3] x, y, yaw in odom
    surprise: float | None = None  # [nats] mean -log density of the beams under what the model expected
    too_near: np.ndarray | None = None  # [N] bool: something is nearer there than the lidar can measure


@dataclass(frozen=True)
class AnomalyScore:
    """value: -log10 of how often an hour nominal driving is as odd as this."""

    value: float
    alarm: bool  # rarer than the false alarms that its cause may raise
    cause: str | None  # the first of CAUSES that alarms, otherwise the oddest; None where nothing can be told
    false_alarms_per_hour: float  # as often nominal driving is as odd as this
    statistics: dict[str, float]  # each of CAUSES that could be told, in its own units


NOTHING = AnomalyScore(-math.inf, False, None, math.inf, {})


class AnomalyDetector:
    """Judges the scans of one robot one by one; remembers the last MEMORY of them.

    Without a calibration it measures and never alarms.
    """

    def __init__(self, calibration: Calibration | None):
        self.calibration = calibration
        self.forget()

    def forget(self) -> None:
        """As if nothing had been seen."""
        self._past: deque[tuple[Evidence, Surface]] = deque(maxlen=MEMORY)
        self._noisy = False  # whether the lidar was seen not to repeat itself
        self._cover: Cover | None = None

    def assess(self, evidence: Evidence) -> AnomalyScore:
        """The score of the next scan; after LONGEST without one, or when time goes back, it starts anew."""
        if self._past and not 0 < evidence.stamp - self._past[-1][0].stamp <= LONGEST:
            self.forget()
        now = surface(evidence.ranges, evidence.hit, evidence.beams)
        if evidence.hit.sum() < FEWEST:
            return self._score({})
        statistics = self._statistics(evidence, now) if self._past else {}
        self._past.append((evidence, now))
        return self._score(statistics)

    def _score(self, statistics: dict[str, float]) -> AnomalyScore:
        calibration = self.calibration
        judged = [] if calibration is None else [name for name in statistics if name in calibration.values]
        if not judged:
            return replace(NOTHING, statistics=statistics)
        rates = {name: calibration.rate(name, statistics[name]) for name in judged}
        oddest = min(rates, key=rates.get)
        alarming = [name for name in CAUSES if name in rates and rates[name] <= calibration.budget]
        cause = alarming[0] if alarming else oddest
        return AnomalyScore(-math.log10(rates[oddest]), bool(alarming), cause, rates[oddest], statistics)

    def _statistics(self, evidence: Evidence, now: Surface) -> dict[str, float]:
        last, seen = self._past[-1]
        first, base = next(
            (item for item in self._past if evidence.stamp - item[0].stamp <= BASELINE), self._past[-1]
        )  # fmt: skip
        told = relative(last.pose, evidence.pose)
        found = match(base, now, relative(first.pose, evidence.pose))
        statistics = {
            "frozen": self._frozen(last, evidence, told),
            "scan": self._covered(evidence, last, now, seen, told),
            "place": found.misfit,
            "motion": deviations(found),
        }
        if evidence.surprise is not None:
            statistics["model"] = evidence.surprise
        return statistics

    def _frozen(self, last: Evidence, now: Evidence, told: np.ndarray) -> float:
        both = last.hit & now.hit
        share = float((last.ranges == now.ranges)[both].mean()) if both.sum() >= FEWEST else 0.0
        stands = bool(np.abs(told).max() < STANDS)
        if stands and share < 0.9:
            self._noisy = True
        # A lidar without noise repeats itself where it stands.
        return share if self._noisy or not stands else 0.0

    def _covered(self, evidence: Evidence, last: Evidence, now: Surface, seen: Surface, told: np.ndarray) -> float:
        came = arrivals(seen, last.known, now, told, NEAR)
        blind = _too_near(evidence)
        came = np.where(blind & ~_too_near(last) & last.known, BLIND, came)
        least = min(max(1, math.ceil(WIDE / evidence.beams.increment)), len(came))
        distance = float(np.sort(came)[-least])
        speed = distance / (evidence.stamp - last.stamp)
        if self._cover is not None and self._cover.stays(evidence.ranges, blind):
            return max(speed, self._cover.speed)
        beams = np.flatnonzero(came >= max(distance, 1e-6))
        alarming = self.calibration is not None and self.calibration.alarming("scan", speed)
        self._cover = Cover(beams, evidence.ranges[beams], speed) if alarming and len(beams) else None
        return speed


@dataclass(frozen=True)
class Cover:
    """What came before the lidar: it is there as long as most of its beams read the same, wherever the robot goes."""

    beams: np.ndarray  # indexes
    ranges: np.ndarray  # [m] that they read
    speed: float  # [m/s] at which it came

    def stays(self, ranges: np.ndarray, too_near: np.ndarray) -> bool:
        same = np.abs(ranges[self.beams] - self.ranges) < SAME
        return bool((too_near[self.beams] | same).mean() > 0.5)


def _too_near(evidence: Evidence) -> np.ndarray:
    return np.zeros(len(evidence.ranges), bool) if evidence.too_near is None else evidence.too_near


def deviations(found: Match) -> float:
    """How many standard deviations the motion found lies from the motion told: of slip and of the matching."""
    off = found.motion - found.told
    off[2] = math.remainder(off[2], 2 * math.pi)
    along, turn = abs(found.told[0]), abs(found.told[2])
    slip = SLIP * np.array([along, along / 2, turn])
    covariance = np.diag(ROUGH**2 + slip**2) + np.linalg.inv(found.information)
    return math.sqrt(max(0.0, float(off @ np.linalg.solve(covariance, off))))
