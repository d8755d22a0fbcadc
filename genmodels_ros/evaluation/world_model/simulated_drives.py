"""The world model on simulated floors it was not trained on, beside its baselines: scans, poses, collisions, speed."""

import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.data.episodes import ANGLE_MIN, Episodes
from genmodels_ros.evaluation.statistics import (
    auroc,
    bootstrap_mean,
    bootstrap_ratio,
    expected_calibration_error,
    recall_at_false_positives,
)
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.recorded_scans import driven_steps, measured_ranges, relative_pose
from genmodels_ros.evaluation.world_model.scan_baselines import NAMES, Baselines
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.model import RADIUS, TIME_STEP
from genmodels_ros.pipelines.observation import Observation
from genmodels_ros.pipelines.world_model import WorldModel

HELD_OUT_SEED = 9001  # of floors; training uses small ones
CONTEXT, STRIDE = 10, 7  # rows seen before the first start, rows between starts
SCAN_STEPS = (2, 5, 10)  # 0.4, 1 and 2 s
COLLISION_STEPS, FINE = 6, 4  # 1.2 s; parts of a step at which monitors look
MONITORS = ("present twist held", "commands, scan as it stands", "commands, tracked movers")
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


def bench_simulated(world: WorldModel, *, seed: int, floors: int, building: Path | None = None) -> list[Table]:
    """Tables of prediction, pose and collision on floors without and with people, and on pieces of a real `building`
    with people if its log is given.
    """
    half = floors // 2
    groups = {
        f"{half} floors without people": drive_floors(world, HELD_OUT_SEED + seed, half, people=0),
        f"{floors - half} floors with people": drive_floors(world, HELD_OUT_SEED + seed + 1, floors - half, people=6),
    }
    if building is not None:
        pieces = max(1, half // 2)
        name = f"{pieces} pieces of {building.name.split('-')[0]}'s building, with people"
        groups[name] = drive_floors(world, HELD_OUT_SEED + seed + 2, pieces, people=6, building=building)
    starts = list(chain(*groups.values()))
    return [
        *chain(*(scan_tables(name, some, seed) for name, some in groups.items())),
        listening_table(starts, seed),
        pose_table(starts, seed),
        collision_table(groups),
    ]


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


def monitors(observation: Observation, commands: np.ndarray, velocity: np.ndarray) -> dict[str, float]:
    """The least distance [m] from the footprint to what the last scan shows, as monitors without learning see it.

    One holds the measured twist (as Nav2's collision monitor), one drives the commands [T, 2], one does so while what
    was tracked moves on at its `velocity` [B, 2] m/s.
    """
    fan, angles = observation.fan(), observation.beams.angles()
    hit = fan.hit[0].numpy()
    points = (fan.ranges[0][:, None] * torch.stack([angles.cos(), angles.sin()], -1)).numpy()[hit]
    if not len(points):
        return dict.fromkeys(MONITORS, RANGE_MAX)
    fine = np.repeat(commands, FINE, axis=0)
    held = np.broadcast_to(observation.twist, fine.shape)
    ages = TIME_STEP / FINE * np.arange(1, len(fine) + 1)
    onward = points[None] + velocity[hit][None] * ages[:, None, None]
    still = points[None]
    return {
        name: float(np.linalg.norm(_path(twists)[:, None] - where, axis=-1).min() - RADIUS)
        for name, twists, where in zip(MONITORS, (held, fine, fine), (still, still, onward), strict=True)
    }


def _path(twists: np.ndarray) -> np.ndarray:
    """Positions [T, 2] of a base that drives the twists [T, 2], TIME_STEP / FINE each."""
    return planar.drive(torch.as_tensor(np.array(twists, dtype=float)), TIME_STEP / FINE).numpy()[:, :2]


# Tables


def scan_tables(title: str, starts: list[Start], seed: int) -> list[Table]:
    """Error by horizon of the model beside the baselines: all know the commands only, or all are given the motion."""
    free = [start for start in starts if start.told is not None]
    return [
        _scan_table(f"{title}, {what}", [getattr(start, which) for start in free], seed)
        for which, what in (
            ("told", "from commands alone, which take the place of odometry"),
            ("given", "motion given"),
        )
    ]


def _scan_table(title: str, errors: list[dict[str, np.ndarray]], seed: int) -> Table:
    rows = []
    for k, steps in enumerate(SCAN_STEPS):
        values = {name: np.array([item[name][k] for item in errors]) for name in (*NAMES, MODEL)}
        best = min(NAMES, key=lambda name: values[name].mean())
        means = [float(values[name].mean()) for name in (*NAMES, MODEL)]
        rows.append((steps * TIME_STEP, len(errors), *means, best, _skill(values[MODEL], values[best], seed)))
    columns = ("s", "starts", *[f"{name} [m]" for name in (*NAMES, MODEL)], "best baseline", "skill")
    return Table(f"{title}: mean absolute error of hit beams", columns, tuple(rows))


def _skill(own: np.ndarray, best: np.ndarray, seed: int) -> str:
    low, high = bootstrap_ratio(own, best, seed)
    return f"{1 - own.mean() / best.mean():+.2f} ({1 - high:+.2f} to {1 - low:+.2f})"


def listening_table(starts: list[Start], seed: int) -> Table:
    """How much worse the model gets when it is told other commands than were driven."""
    free = [start.told for start in starts if start.told is not None]
    rows = []
    for k, steps in enumerate(SCAN_STEPS):
        own, other = (np.array([item[name][k] for item in free]) for name in (MODEL, SHUFFLED))
        low, high = bootstrap_ratio(other, own, seed)
        rows.append((steps * TIME_STEP, float(own.mean()), float(other.mean()), float(other.mean() / own.mean() - 1),
                     f"{low - 1:.2f} to {high - 1:.2f}"))  # fmt: skip
    columns = ("s", "true commands [m]", "shuffled commands [m]", "rise", "95 %")
    return Table("Does the model listen to its actions? Scan error", columns, tuple(rows))


def pose_table(starts: list[Start], seed: int) -> Table:
    """Position error after 2 s with slip and latency."""
    own, unicycle = (
        np.array([getattr(start, name) for start in starts if start.told is not None])
        for name in ("pose_error", "pose_error_unicycle")
    )
    rows = tuple(
        (name, float(values.mean()), "{:.3f} to {:.3f}".format(*bootstrap_mean(values, seed)))
        for name, values in (("commanded unicycle", unicycle), ("model", own))
    )
    return Table("Position error 2 s ahead, slip and latency unknown", ("predictor", "mean [m]", "95 %"), rows)


def collision_table(groups: dict[str, list[Start]]) -> Table:
    """How well a touch within 1.2 s is foreseen, beside monitors that extrapolate geometry."""
    rows = []
    for group, starts in (*groups.items(), ("all", list(chain(*groups.values())))):
        labels = np.array([start.touched for start in starts])
        scores = {
            "model": np.array([start.probability for start in starts]),
            **{name: np.array([-start.clearances[name] for start in starts]) for name in MONITORS},
        }
        for name, score in scores.items():
            error = expected_calibration_error(score, labels) if name == "model" else None
            recall = recall_at_false_positives(score, labels)
            rows.append((group, name, len(labels), int(labels.sum()), auroc(score, labels), recall, error))
    columns = ("floors", "predictor", "starts", "touches", "AUROC", "recall at 5 % false positives", "ECE")
    return Table("Touching something within 1.2 s of commanded driving", columns, tuple(rows))


def bench_speed(world: WorldModel, quick: bool) -> Table:
    """Time of one observation and of 256 rollouts x 14 steps, on this machine, one thread per torch setting."""
    from genmodels_ros.simulation.floor.episodes import simulate_floor

    observations = observations_of(simulate_floor(HELD_OUT_SEED, 0, steps=60 if quick else 200))
    world.reset()
    commands = np.random.default_rng(0).uniform([-0.1, -1.2], [0.6, 1.2], size=(256, 1, 2)).repeat(14, axis=1)
    observing, imagining = [], []
    for observation in observations:
        observing.append(_seconds(lambda o=observation: world.observe(o)))
        imagining.append(_seconds(lambda: world.imagine(commands)))
    rows = tuple(
        (name, *[1000 * float(np.percentile(times, q)) for q in (50, 95)])
        for name, times in (("observe one scan", observing), ("imagine 256 sequences x 14 steps", imagining))
    )
    return Table(f"Speed, {world.device}, {torch.get_num_threads()} threads", ("what", "p50 [ms]", "p95 [ms]"), rows)


def _seconds(function) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
