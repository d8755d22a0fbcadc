"""Scans and odometry in, imagined futures out.

world = WorldModel.from_checkpoint()
world.observe(Observation(stamp, ranges, angle_min, angle_increment, range_min, range_max, pose, twist))
futures = world.imagine(commands)          # [N, T, 2] m/s, rad/s
futures.poses, futures.collision_probability
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.device import generator, resolve_device, resolve_precision
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.models.world_model import ScanWorldModel
from genmodels_ros.models.world_model.fan import RANGE_LIMIT
from genmodels_ros.models.world_model.model import TIME_STEP, cumulative
from genmodels_ros.pipelines.calibration import load_calibration
from genmodels_ros.pipelines.mobile.anomaly import AnomalyDetector, AnomalyScore
from genmodels_ros.pipelines.mobile.drive_log import DriveLog
from genmodels_ros.pipelines.mobile.imagination import (
    MAX_SEQUENCES,
    Forecast,
    Imagination,
    PathScores,
    checked_commands,
    hold,
    interpolate,
)
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.path_following import follow_paths
from genmodels_ros.pipelines.mobile.scan_forecast import decode, native_scans
from genmodels_ros.pipelines.mobile.scan_memory import ScanMemory, Snapshot

MAX_SCANS = 4096  # predicted in one call
PATH_SECONDS = 2.8  # of a path that are imagined to score it: as far as the model was trained
LENGTH_WEIGHT = 0.02  # of a metre of path beside the collision probability


class WorldModel:
    """The world model with its memory of one robot. Thread-safe: one may observe while others imagine."""

    def __init__(
        self, model: ScanWorldModel, card: Card, *, checkpoint: Path | None = None, device: str = "auto",
        precision: str = "float32",
    ):  # fmt: skip
        resolve_precision(precision)  # a bad name is refused; the recurrent model itself always runs in float32
        self.device = resolve_device(device)
        self.model, self.card, self.checkpoint = model.to(self.device).eval().requires_grad_(False), card, checkpoint
        calibration = None if checkpoint is None else load_calibration(checkpoint, card.sha256)
        self._memory = ScanMemory(self.model, self.device, AnomalyDetector(calibration))
        self.log = DriveLog()  # the last minutes, to learn from

    @classmethod
    def from_checkpoint(
        cls, folder: Path | str | None = None, *, device: str = "auto", precision: str = "float32"
    ) -> "WorldModel":
        """From `folder`, or the checkpoint that comes with the package. Raises GenModelsError(MODEL_UNAVAILABLE)."""
        folder = shipped("floor_world_model") if folder is None else Path(folder)
        model, card = load_checkpoint(folder, "scan_world_model")
        return cls(model, card, checkpoint=folder, device=device, precision=precision)

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def time_step(self) -> float:
        """The model's own step, s."""
        return TIME_STEP

    @property
    def surprise(self) -> float | None:
        """How little the last scan was expected: mean -log density of its beams, nats; None before the second scan."""
        snapshot = self._memory.snapshot
        return None if snapshot is None else snapshot.surprise

    @property
    def anomaly(self) -> AnomalyScore | None:
        """How odd the last scan is, beside nominal driving; None before the first scan."""
        snapshot = self._memory.snapshot
        return None if snapshot is None else snapshot.anomaly

    @property
    def last_observation(self) -> Observation | None:
        """The observation that futures start from."""
        snapshot = self._memory.snapshot
        return None if snapshot is None else snapshot.observation

    @property
    def snapshot(self) -> Snapshot | None:
        """All that futures start from, for who goes on from it later: see `restore`."""
        return self._memory.snapshot

    def restore(self, snapshot: Snapshot) -> None:
        """Goes on from a moment of this or another world model with the same network."""
        self._memory.restore(snapshot)

    def reset(self) -> None:
        """Forgets everything seen."""
        self._memory.forget()
        self.log.clear()

    def adopt(self, model: ScanWorldModel) -> None:
        """Goes on with other weights of the same network; what was seen stays remembered."""
        model = model.to(self.device).eval().requires_grad_(False)
        self.model = self._memory.model = model

    def observe(self, observation: Observation) -> bool:
        """Takes in an observation; False if it came sooner than the model's pace and was left out.

        The memory starts anew when time goes backwards, after a second without observation, and when the odometry
        jumps; where walls stand is remembered for ten seconds. Raises GenModelsError as Observation.checked does; the
        memory then stays as it was.
        """
        checked = observation.checked()
        taken = self._memory.observe(checked)
        if taken:
            self.log.add(checked)
        return taken

    def told(self, command) -> None:
        """`command` [2] (m/s, rad/s) is in force since the last observation: for who decides after having observed."""
        command = np.asarray(command, dtype=float)
        self._memory.tell(command)
        self.log.tell(command)

    def imagine(
        self, commands, time_step: float = 0.0, num_samples: int = 1, seed: int = 0, with_scans: bool = False,
        measured: bool = False,
    ) -> Imagination:  # fmt: skip
        """The futures of `commands` [N, T, 2] (m/s, rad/s), each held for `time_step` s (0: the model's own).

        num_samples: latent futures drawn a sequence, of which the mean is given; 1 takes the most likely one.
        measured: the commands are motions as driven (a recording's odometry), so that poses follow them exactly.
        Raises GenModelsError: NO_OBSERVATION before the first scan; INVALID_COUNT for no or too many sequences, samples
        or scans; INVALID_HORIZON for no or too many steps or a time step out of bounds; NOT_FINITE.
        """
        snapshot = self._current()
        time_step = time_step or TIME_STEP
        commands = checked_commands(commands, time_step, num_samples)
        count, steps = commands.shape[:2]
        own = hold(commands, time_step, TIME_STEP)
        if with_scans and count * own.shape[1] > MAX_SCANS:
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"At most {MAX_SCANS} scans are predicted in a call: send fewer sequences.",
            )
        poses, std, probability, ranges = self._rollout(snapshot, own, num_samples, seed, with_scans, measured)
        times, own_times = time_step * np.arange(1, steps + 1), TIME_STEP * np.arange(own.shape[1] + 1)
        at = lambda values, first: interpolate(times, own_times, values, first)  # noqa: E731
        poses = at(np.concatenate([poses[..., :2], np.unwrap(poses[..., 2:], axis=1)], axis=-1), 0.0)
        poses[..., 2] = np.arctan2(np.sin(poses[..., 2]), np.cos(poses[..., 2]))
        if ranges is not None:
            nearest = np.clip(np.rint(times / TIME_STEP).astype(int) - 1, 0, own.shape[1] - 1)
            ranges = ranges[:, nearest]
        return Imagination(
            snapshot.observation.stamp, snapshot.observation.pose, time_step, poses, at(std, 0.0),
            np.clip(at(probability, 0.0), 0.0, 1.0), ranges, self.model.beams.angle_min, self.model.beams.increment,
        )  # fmt: skip

    @torch.inference_mode()
    def _rollout(
        self, snapshot: Snapshot, commands: np.ndarray, num_samples: int, seed: int, scans: bool, measured: bool
    ):
        """Means over samples of poses, deviations, probabilities and, if asked for, scans, at the model's own step."""
        count, steps = commands.shape[:2]
        rng = generator(seed, self.device)
        actions = self._actions(commands, measured).repeat_interleave(num_samples, 0)
        start = snapshot.state.repeat(count * num_samples)
        if num_samples > 1:
            start = replace(start, z=snapshot.posterior.map(lambda v: v.expand(len(start.z), *v.shape[1:])).sample(rng))
        rollout = self.model.imagine(start, actions, rng, sample=num_samples > 1)
        probability = cumulative(self.model.hazard(rollout, snapshot.anchor, actions[..., :2]))
        split = lambda values: values.unflatten(0, (count, num_samples))  # noqa: E731
        xy, yaw = split(rollout.poses[..., :2]), split(rollout.poses[..., 2])
        mean_yaw = torch.atan2(yaw.sin().mean(1), yaw.cos().mean(1))
        spread = (xy - xy.mean(1, keepdim=True)).square().sum(-1).mean(1)
        std = (split(rollout.position_std).square().mean(1) + spread).sqrt()
        poses = torch.cat([xy.mean(1), mean_yaw[..., None]], dim=-1)
        ranges = None
        if scans:
            first = lambda values: split(values)[:, 0]  # noqa: E731
            drawn = replace(rollout, h=first(rollout.h), z=first(rollout.z), told=first(rollout.told), poses=poses)
            ages = TIME_STEP * torch.arange(1, steps + 1, device=self.device)
            expected = decode(self.model, drawn, snapshot.anchor, ages).ranges.clamp(max=RANGE_LIMIT)
            ranges = _numpy(expected.unflatten(0, (count, steps)))
        return _numpy(poses), _numpy(std), _numpy(split(probability).mean(1)), ranges

    @torch.inference_mode()
    def forecast(self, commands, poses=None, steps=None, rng: torch.Generator | None = None) -> Forecast:
        """The scans [T, B] expected at the lidar's own beams under `commands` [T, 2], one a TIME_STEP.

        poses: [T, 3] in base_link at the last observation, where the motion is known (a recording's odometry); the
        commands are then the motion as driven. steps: indexes of the steps that are wanted, all if None; few are fast.
        rng: draws one of the futures; without it, the most likely one is told.
        Raises GenModelsError as `imagine` does.
        """
        snapshot = self._current()
        commands = checked_commands(np.asarray(commands)[None], TIME_STEP, 1)
        actions = self._actions(commands, poses is not None)
        rollout = self.model.imagine(snapshot.state, actions, rng, sample=rng is not None)
        if poses is not None:
            rollout = replace(rollout, poses=self._tensor(poses)[None])
        probability = cumulative(self.model.hazard(rollout, snapshot.anchor, actions[..., :2]))
        wanted = torch.arange(commands.shape[1])[slice(None) if steps is None else torch.as_tensor(steps)]
        rollout, probability = rollout.at(wanted), probability[:, wanted]
        ages = TIME_STEP * (wanted + 1).to(rollout.poses)
        ranges, hit, std = native_scans(self.model, snapshot, rollout, ages)
        return Forecast(
            _numpy(rollout.poses[0]), _numpy(ranges), hit.cpu().numpy(), _numpy(std), _numpy(probability[0])
        )

    def score_paths(self, paths: list, speed: float = 0.4, seed: int = 0) -> PathScores:
        """Scores paths, each [P, 2 or 3] in base_link, driven at `speed` m/s.

        The score is the collision probability plus LENGTH_WEIGHT a metre.
        Raises GenModelsError: INVALID_COUNT, INVALID_PATH (fewer than two poses), NOT_FINITE, INVALID_SCALING for a
        speed that is not positive, NO_OBSERVATION.
        """
        self._current()
        if not 1 <= len(paths) <= MAX_SEQUENCES:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"Send 1 to {MAX_SEQUENCES} paths, got {len(paths)}.")
        commands, lengths = follow_paths(paths, speed, TIME_STEP, round(PATH_SECONDS / TIME_STEP))
        probability = self.imagine(commands, seed=seed).collision_probability[:, -1]
        scores = probability + LENGTH_WEIGHT * lengths
        return PathScores(scores, probability, int(np.argmin(scores)))

    def _current(self) -> Snapshot:
        snapshot = self._memory.snapshot
        if snapshot is None:
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION, "Nothing was seen yet: the world model needs a scan and odometry first."
            )
        return snapshot

    def _actions(self, commands: np.ndarray, measured: bool) -> Tensor:
        twists = self._tensor(commands)
        return torch.cat([twists, torch.full_like(twists[..., :1], float(measured))], dim=-1)

    def _tensor(self, values) -> Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self.device)


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy().astype(np.float64)
