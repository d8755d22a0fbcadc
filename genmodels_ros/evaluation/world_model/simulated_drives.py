"""The world model on simulated floors it was not trained on: what it and its baselines predicted, and what came."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.data.episodes import ANGLE_MIN, Episodes
from genmodels_ros.evaluation.world_model.collision_monitors import monitors
from genmodels_ros.evaluation.world_model.recorded_scans import driven_steps, measured_ranges, relative_pose
from genmodels_ros.evaluation.world_model.scan_baselines import Baselines
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel

HELD_OUT_SEED = 9001  # of floors; training uses small ones
CONTEXT, STRIDE = 10, 7  # rows seen before the first start, rows between starts
SCAN_STEPS = (2, 5, 10)  # 0.4, 1 and 2 s
COLLISION_STEPS = 6  # 1.2 s
MODEL, SHUFFLED = "model", "shuffled"
RANGE_MIN, RANGE_MAX = 0.12, 12.0


@dataclass
class Start:
    """What was predicted from one moment and what happened; errors are None if something was touched meanwhile."""

    told: dict[str, np.ndarray] | None  # [K] m of each predictor that knows the commands only
    given: dict[str, np.ndarray] | None  # [K] m of each predictor that is given the motion as odometry will tell it
    pose_error: float | None  # m after 2 s
    pose_error_unicycle: float | None
    probability: float  # of a touch within COLLISION_STEPS
    clearances: dict[str, float]  # m that each monitor sees
    touched: bool


def drive_floors(world: WorldModel, seed: int, floors: int, people: int, building: Path | None = None) -> list[Start]:
    """All starts of drives on `floors` new floors, pieces of a real building if its log is given."""
    from genmodels_ros.simulation.floor.episodes import simulate_floor

    starts = []
    for index in tqdm(range(floors), unit="floor", desc=f"{people} people", disable=None):
        starts += starts_of(world, simulate_floor(seed, index, num_people=people, building=building))
    return starts


def observations_of(episodes: Episodes) -> list[Observation]:
    """The rows of a shard as a robot would tell them."""
    count = episodes.scan.shape[1]
    return [
        Observation(
            row * TIME_STEP, episodes.scan[row].astype(np.float32), ANGLE_MIN, 2 * np.pi / count, RANGE_MIN, RANGE_MAX,
            *(values[row].astype(float) for values in (episodes.odometry, episodes.twist, episodes.command)),
        ).checked()
        for row in range(len(episodes))
    ]  # fmt: skip


def starts_of(world: WorldModel, episodes: Episodes) -> list[Start]:
    """Observes every row, drive by drive, and predicts from every STRIDE-th that has a past and a future."""
    observations, starts, since = observations_of(episodes), [], 0
    baselines, horizon = Baselines(), SCAN_STEPS[-1]
    others = episodes.command[np.random.default_rng(0).permutation(len(episodes))].astype(float)
    for row in range(len(episodes) - horizon):
        if row == 0 or episodes.drive[row] != episodes.drive[row - 1]:
            world.reset(), baselines.reset()
            since = 0
        world.observe(observations[row]), baselines.observe(observations[row])
        since += 1
        inside = episodes.drive[row + horizon] == episodes.drive[row]
        clear = not episodes.touched[row - since + 1 : row + 1].any()
        if inside and clear and since >= CONTEXT and (since - CONTEXT) % STRIDE == 0:
            starts.append(_start(world, baselines, episodes, observations, row, others[row : row + horizon]))
    return starts


def _start(
    world: WorldModel, baselines: Baselines, episodes: Episodes, observations: list[Observation], row: int, others
) -> Start:
    horizon, now = SCAN_STEPS[-1], observations[row]
    commands = episodes.command[row : row + horizon].astype(float)
    told = planar.drive(torch.as_tensor(commands), TIME_STEP).numpy()
    touched = episodes.touched[row + 1 : row + 1 + horizon]
    probability = world.imagine(commands[None, :COLLISION_STEPS]).collision_probability[0, -1]
    clearances = monitors(now, commands[:COLLISION_STEPS], baselines.velocity)
    start = Start(None, None, None, None, float(probability), clearances, bool(touched[:COLLISION_STEPS].any()))
    if touched.any():
        return start
    steps = np.array(SCAN_STEPS)
    forecast = world.forecast(commands, steps=steps - 1)
    truth = np.stack([relative_pose(episodes.pose[row], episodes.pose[row + k]) for k in range(1, horizon + 1)])
    start.pose_error = float(np.hypot(*(forecast.poses[-1] - truth[-1])[:2]))
    start.pose_error_unicycle = float(np.hypot(*(told[-1] - truth[-1])[:2]))
    future = observations[row : row + horizon + 1]
    driven, poses, _ = driven_steps([item.stamp for item in future], np.stack([item.pose for item in future]))
    at, ages = [future[k] for k in steps], TIME_STEP * steps
    start.told = _errors(
        at,
        baselines.predict(compose(now.pose, told[steps - 1]), ages)
        | {MODEL: forecast.ranges, SHUFFLED: world.forecast(others, steps=steps - 1).ranges},
    )
    start.given = _errors(
        at,
        baselines.predict(np.stack([item.pose for item in at]), ages)
        | {MODEL: world.forecast(driven, poses, steps - 1).ranges},
    )
    return start


def compose(origin: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses [K, 3] given in the frame of `origin` [3], in the frame that it is given in."""
    return planar.compose(torch.as_tensor(origin).expand(len(poses), -1), torch.as_tensor(poses)).numpy()


def _errors(future: list[Observation], predictions: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Mean absolute error [K] of each prediction [K, B] over the beams that hit something."""
    truth = np.stack([measured_ranges(item) for item in future])
    hit = np.isfinite(truth) & (truth < future[0].range_max)
    error = lambda ranges: np.array([np.abs(r - t)[h].mean() for r, t, h in zip(ranges, truth, hit, strict=True)])  # noqa: E731
    return {name: error(ranges) for name, ranges in predictions.items()}
