"""How exactly skills from five demonstrations pass a via-point, the demonstrated one and one moved by up to 10 cm.

Beside them what needs no model of variation: the recorded demonstration that comes nearest, the plain mean over time,
and Gaussian mixture regression over time and joints without conditioning. All are timed and verified alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.arm.skill_baselines import nearest, over_time, regression
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import wilson_interval
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.arm.movement_primitive import MovementPrimitive, phase_row
from genmodels_ros.pipelines.arm.ranking import judged
from genmodels_ros.pipelines.arm.skills import PHASES, SkillPlayer, ViaPoint, tool_positions
from genmodels_ros.pipelines.arm.trajectory_query import MODEL, CostWeights
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.bspline import fit
from genmodels_ros.robots.paths.verification import densify
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.simulation.arm.skill_demonstrations import ViaPointTask, ball_in_the_way, make_task

TASKS, QUICK = 100, 15
GOAL = 0.01  # m


@dataclass(frozen=True)
class Outcome:
    """error: m, of the executed tool from the via-point, NaN where nothing was verified; length: of the path over the
    demonstrations' median; surprise: where a via-point was told.
    """

    error: float = np.nan
    length: float = np.nan
    surprise: float = np.nan


def bench(options: BenchOptions) -> list[Table]:
    """On made-up tasks of the Panda (simulation/arm/skill_demonstrations.py)."""
    robot = load_robot("panda")
    tasks = range(options.seed, options.seed + (QUICK if options.quick else TASKS))
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for seed in tqdm(tasks, desc="skills", unit="task", disable=None):
        for key, outcome in play_task(robot, make_task(robot, seed), seed).items():
            outcomes.setdefault(key, []).append(outcome)
    return [_table(outcomes, len(tasks))]


def play_task(robot: Robot, task: ViaPointTask, seed: int) -> dict[tuple[str, str], Outcome]:
    """By (via-point, method)."""
    player = SkillPlayer(MovementPrimitive.learn(task.demonstrations), robot)
    phase = player.nearest_phase(ViaPoint(tool=task.via))
    usual = float(np.median([np.linalg.norm(np.diff(path, axis=0), axis=1).sum() for path in _smoothed(player)]))
    baselines = {
        "nearest demonstration": partial(nearest, robot, task),
        "mean over time": lambda point: over_time(task).mean(0),
        "mixture regression": lambda point: regression(task, seed),
    }
    found = {}
    for name, point in (("demonstrated", task.via), ("moved", task.moved)):
        for method, path in baselines.items():
            found[name, method] = _execute(robot, task.scene, path(point), point, usual)
        for method, via in (("skill, not told", []), ("skill", [ViaPoint(tool=point, phase=phase)])):
            found[name, method] = _play(player, via, task.scene, point, usual)
    blocked = _blocked(player, task, phase, seed)
    told = [ViaPoint(tool=task.via, phase=phase)]
    found["demonstrated, a ball in the way", "skill"] = _play(player, told, blocked, task.via, usual)
    return found


def distance(robot: Robot, trajectory: Trajectory, point: np.ndarray) -> float:
    """m from a point to the tool's way as it is executed, between the points given as well."""
    tool = tool_positions(robot, densify(trajectory)[1])
    first, along = tool[:-1], np.diff(tool, axis=0)
    share = ((point - first) * along).sum(1) / np.maximum(np.square(along).sum(1), 1e-18)
    return float(np.linalg.norm(first + share.clip(0, 1)[:, None] * along - point, axis=1).min())


def _play(player: SkillPlayer, via: Sequence[ViaPoint], scene: Scene, point: np.ndarray, usual: float) -> Outcome:
    done = player.play(via, scene=scene)
    surprise = done.surprise[0] if done.surprise else np.nan
    if done.candidate is None:
        return Outcome(surprise=surprise)
    trajectory = done.candidate.trajectory
    return Outcome(distance(player.robot, trajectory, point), trajectory.length / usual, surprise)


def _execute(robot: Robot, scene: Scene, path: np.ndarray, point: np.ndarray, usual: float) -> Outcome:
    """A polyline, smoothed by a spline of as many control points as a skill has twice, timed and verified."""
    done = judged(fit(path, 32), CollisionChecker(robot, scene), MODEL, CostWeights())
    if done is None:
        return Outcome()
    return Outcome(distance(robot, done.trajectory, point), done.length / usual)


def _smoothed(player: SkillPlayer) -> np.ndarray:
    return phase_row(PHASES) @ player.skill.weights


def _blocked(player: SkillPlayer, task: ViaPointTask, phase: float, seed: int) -> Scene:
    """The scene with a ball in the mean's way that leaves room at the ends and at the via-point."""
    q = phase_row(PHASES) @ player.skill.mean
    keep = q[(np.abs(PHASES - phase) < 0.03) | (PHASES == 0) | (PHASES == 1)]
    return ball_in_the_way(player.robot, task.scene, q, keep, seed)


def _table(outcomes: dict[tuple[str, str], list[Outcome]], count: int) -> Table:
    rows = tuple(_row(via, method, of) for (via, method), of in outcomes.items())
    return Table(
        f"Skills from 5 demonstrations, Panda, {count} made-up via-point tasks",
        ("via-point", "method", "error, median [mm]", "95 % [mm]", "within 1 cm", "verified", "length", "surprise"),
        rows,
        (
            "Error: of the tool as executed, to the via-point, of verified trajectories; within 1 cm: share of all "
            "tasks, 95 % interval. Moved: evenly within a ball of 10 cm. Length: over the demonstrations' median. "
            "Surprise: median Mahalanobis distance of the via-point from the demonstrations.",
        ),
    )


def _row(via: str, method: str, of: list[Outcome]) -> tuple:
    error = np.array([outcome.error for outcome in of])
    there = error[np.isfinite(error)]
    hits = int((there < GOAL).sum())
    low, high = wilson_interval(hits, len(of))
    return (
        via,
        method,
        float(1e3 * np.median(there)) if len(there) else None,
        float(1e3 * np.quantile(there, 0.95)) if len(there) else None,
        f"{hits / len(of):.0%} ({low:.0%} to {high:.0%})",
        f"{len(there) / len(of):.0%}",
        _median([outcome.length for outcome in of]),
        _median([outcome.surprise for outcome in of]),
    )


def _median(values: list[float]) -> float | None:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else None
