"""What the world model remembers of one robot: the network's state, the last scan, and where walls stand."""

import math
import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.anchor import Anchor
from genmodels_ros.models.world_model.fan import RANGE_LIMIT, Beams, Fan, resample, warp
from genmodels_ros.models.world_model.latent import Latent
from genmodels_ros.models.world_model.model import LAGS, TIME_STEP, State
from genmodels_ros.pipelines.mobile.anomaly import AnomalyDetector, AnomalyScore, Evidence
from genmodels_ros.pipelines.mobile.lidar_movers import LidarMovers, at_lidar_beams
from genmodels_ros.pipelines.mobile.moving_clusters import Clusters, Tracker
from genmodels_ros.pipelines.mobile.observation import Observation

FORGET_AFTER = 1.0  # [s] without observation: what moves is elsewhere by then
FORGET_PLACES = 10.0  # [s] without observation: odometry has drifted too far
MAX_SPEED = 3.0  # [m/s] beyond which the odometry was reset rather than the robot that fast
MAX_TURN_RATE = 6.0  # [rad/s], as for MAX_SPEED
MEMORY_SCANS = 12  # before the last one whose surfaces are remembered
HISTORY = 24  # fans kept to compare the next one with


@dataclass(frozen=True)
class Sight:
    """An earlier observation, and which of its beams [B] hit something that moved."""

    observation: Observation
    moves: Tensor


@dataclass(frozen=True)
class Snapshot:
    """All that imagining needs; replaced as a whole, so that readers need no lock."""

    observation: Observation
    state: State
    posterior: Latent
    anchor: Anchor
    movers: LidarMovers  # among the observation's beams
    surprise: float | None
    past: tuple[Sight, ...]  # before it, latest first
    anomaly: AnomalyScore


class ScanMemory:
    """Takes in observations one by one. `snapshot` is replaced as a whole, so that its readers never wait."""

    def __init__(self, model: ScanWorldModel, device: torch.device, detector: AnomalyDetector | None = None):
        self.model, self.device, self._detector = model, device, detector or AnomalyDetector(None)
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """As if nothing had been seen."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self.snapshot: Snapshot | None = None
        self._history: deque[tuple[float, Tensor, Fan]] = deque(maxlen=HISTORY)
        self._detector.forget()
        self._tracker = Tracker()

    @torch.inference_mode()
    def observe(self, observation: Observation) -> bool:
        """Takes in a checked observation; False if it came sooner than the model's pace and was left out."""
        with self._lock:
            previous, places = self.snapshot, ()
            if previous is not None:
                elapsed = observation.stamp - previous.observation.stamp
                if 0 <= elapsed < 0.9 * TIME_STEP:
                    return False
                places = (Sight(previous.observation, previous.movers.moves), *previous.past)[:MEMORY_SCANS]
                if not 0 <= elapsed <= FORGET_PLACES or _jumped(previous.observation, observation, elapsed):
                    places = ()
                if not places or elapsed > FORGET_AFTER:
                    self._clear()
                    previous = None
            self.snapshot = self._updated(previous, observation, places)
        return True

    def restore(self, snapshot: Snapshot) -> None:
        """Goes on from `snapshot`, with the scans before it seen again."""
        self.forget()
        for sight in reversed(snapshot.past):
            self.observe(sight.observation)
        self.observe(snapshot.observation)
        with self._lock:
            self.snapshot = snapshot

    def tell(self, command: np.ndarray) -> None:
        """What the robot is told to do [2] since the last observation, where that was decided upon after it."""
        with self._lock:
            if self.snapshot is not None:
                observation = replace(self.snapshot.observation, command=command)
                self.snapshot = replace(self.snapshot, observation=observation)

    def _updated(self, previous: Snapshot | None, observation: Observation, places: tuple[Sight, ...]) -> Snapshot:
        model, pose = self.model, self._tensor(observation.pose)[None]
        angles = observation.beams.angles()
        ranges = torch.from_numpy(observation.ranges)[None]
        fan, nearest, source = resample(ranges, angles, observation.range_min, observation.range_max, model.beams)
        fan, nearest = fan.map(lambda values: values.to(self.device)), nearest.to(self.device)
        clusters = self._follow(observation)
        past = [self._earlier(lag * TIME_STEP, observation.stamp, pose) for lag in LAGS]
        tracks = self._tensor(clusters.at_beams(clusters.features)[source[0].numpy()])[None] * fan.hit[..., None]
        summary, motion_seen = model.encode(fan, past, tracks, self._tensor(observation.twist)[None])
        if previous is None:
            action = torch.zeros(1, 3, device=self.device)
            h, _, posterior = model.observe(model.initial(1), action, summary)
            still, surprise = [], None
        else:
            motion = planar.relative(self._tensor(previous.observation.pose)[None], pose)
            seconds = observation.stamp - previous.observation.stamp
            state, action = self._carried(previous, motion, seconds)
            h, prior, posterior = model.observe(state, action, summary)
            age = motion.new_full((1,), seconds)
            expected = model.decode(h, prior.mean, previous.anchor, motion, age, 0 * age)
            log_prob = expected.log_prob(fan.ranges)[fan.known]
            surprise = float(-log_prob.mean()) if len(log_prob) else None
            still = [warp(previous.anchor.still, model.beams, motion)]
        anchor = model.anchor(fan, nearest, motion_seen, still)
        movers = at_lidar_beams(observation, clusters, motion_seen, fan, source, model.beams)
        self._history.append((observation.stamp, pose, fan))
        state = State(h, posterior.mean, self._tensor(observation.twist)[None], action)
        anomaly = self._detector.assess(_evidence(observation, model.beams, fan, surprise))
        return Snapshot(observation, state, posterior, anchor, movers, surprise, places, anomaly)

    def _follow(self, observation: Observation) -> Clusters:
        fan = observation.fan()
        ranges, hit, known = (values[0].numpy() for values in (fan.ranges, fan.hit, fan.known))
        return self._tracker.observe(
            observation.stamp, ranges.astype(float), hit, known, observation.beams, observation.pose
        )

    def _earlier(self, age: float, stamp: float, pose: Tensor) -> Fan:
        """The scan of about `age` seconds ago moved to the present pose; all unknown if there is none."""
        ages = [stamp - entry[0] for entry in self._history]
        if ages:
            best = min(range(len(ages)), key=lambda i: abs(ages[i] - age))
            if abs(ages[best] - age) <= 0.3 * age:
                _, before, fan = self._history[best]
                return warp(fan, self.model.beams, planar.relative(before, pose))
        nothing = torch.zeros(1, self.model.beams.count, dtype=torch.bool, device=self.device)
        return Fan(torch.full(nothing.shape, RANGE_LIMIT, device=self.device), nothing, nothing)

    def _carried(self, previous: Snapshot, motion: Tensor, seconds: float) -> tuple[State, Tensor]:
        """The state one step before now, and the action of the last step; longer gaps are dreamt through."""
        if previous.observation.command is None:
            twist, measured = planar.mean_twist(motion, seconds), 1.0
        else:
            twist, measured = self._tensor(previous.observation.command)[None], 0.0
        action = torch.cat([twist, twist.new_full((1, 1), measured)], dim=-1)
        state = previous.state
        for _ in range(max(1, round(seconds / TIME_STEP)) - 1):
            h, prior = self.model.step(state, action)
            state = State(h, prior.mean, twist, action)
        return state, action

    def _tensor(self, values) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self.device)


def _evidence(observation: Observation, beams: Beams, fan: Fan, surprise: float | None) -> Evidence:
    ranges, hit, known = (values[0].cpu().numpy() for values in (fan.ranges, fan.hit, fan.known))
    too_near = observation.too_near(beams) & ~known
    return Evidence(observation.stamp, beams, ranges.astype(float), hit, known, observation.pose, surprise, too_near)


def _jumped(before: Observation, now: Observation, seconds: float) -> bool:
    """Whether the odometry moved or turned farther than any robot: it was reset."""
    turn = abs(math.remainder(now.pose[2] - before.pose[2], 2 * math.pi))
    far = np.hypot(*(now.pose[:2] - before.pose[:2])) > MAX_SPEED * seconds + 0.3
    return bool(far or turn > MAX_TURN_RATE * seconds + 0.3)
