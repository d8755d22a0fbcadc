"""Expert trajectories for made-up arm problems: shards that a trajectory model learns from.

A problem's path is sought from many starts at once: the straight line and detours through random configurations, all
optimised together and each checked exactly; RRTConnect helps where none succeeds. Several good paths of one problem
are kept if they differ, so that a model sees that there is more than one way.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot, load_robot, save_robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.bspline import basis, fit, lengths, straight_line
from genmodels_ros.robots.paths.optimisation import OptimisationSettings, optimise
from genmodels_ros.robots.paths.planning import plan
from genmodels_ros.robots.scene_arrays import scene_arrays
from genmodels_ros.simulation.arm.problems import random_problems
from genmodels_ros.simulation.arm.scenes import random_arm_scene
from genmodels_ros.simulation.arm.space import MAX_OBSTACLES, arm_space

SHARD = 500  # trajectories
NUM_CONTROL_POINTS = 16
PROBLEMS_A_SCENE = 6
STARTS = 10  # of the optimisation, a problem
KEPT = 4  # paths a problem
RESOLUTION = 0.01  # rad between exactly checked configurations
PLANNING_TIME = 1.0  # s
CLOSE = OptimisationSettings(margin=-0.01, self_margin=-0.01, length=0.2)  # for ways narrower than the spheres are wide


def make_shards(*, out: Path, count: int, seed: int = 0, workers: int = 1, robot: str = "panda") -> None:
    """Makes at least `count` trajectories for `robot` in shards of 500 and a card.

    Shards that exist are kept, so that a stopped run goes on; shard k depends on seed and k alone.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    size = min(SHARD, count)
    shards = -(-count // size)
    card = {
        "kind": "arm expert trajectories", "robot": robot, "trajectories": shards * size, "seed": seed,
        "num_control_points": NUM_CONTROL_POINTS,
        "command": f"genmodels data trajectories --robot {robot} --out {out.name} --count {count} --seed {seed}",
    }  # fmt: skip
    save_robot(load_robot(robot), out / "robot.json")
    (out / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    missing = [index for index in range(shards) if not _path(out, index).exists()]
    make = partial(_make_shard, out, seed, robot, size)
    with tqdm(total=len(missing) * size, unit="path", disable=None) as bar:
        if workers == 1:
            for index in missing:
                make(index, bar)
        else:
            with ProcessPoolExecutor(workers) as pool:
                for _ in pool.map(make, missing):
                    bar.update(size)


def expert_paths(
    checker: CollisionChecker, problems: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator
) -> list[list[np.ndarray]]:
    """Up to KEPT verified control points [N, D] a problem, the shortest first."""
    starts = np.stack([_initial_paths(checker, start, goal, rng) for start, goal in problems])
    paths, clearance = optimise(starts.reshape(-1, *starts.shape[2:]), checker.robot, checker.scene)
    shape = starts.shape[:2]
    found = []
    for (start, goal), candidates, gaps in zip(
        problems, paths.reshape(starts.shape), clearance.reshape(shape), strict=True
    ):
        good = _different(checker, candidates[np.argsort(-gaps.clip(max=0))])
        if not good:
            good = _planned(checker, start, goal, rng)
        found.append(good)
    return found


def is_free(checker: CollisionChecker, control_points: np.ndarray) -> bool:
    """Whether the spline keeps the position limits and touches nothing at RESOLUTION."""
    travel = np.abs(np.diff(control_points, axis=0)).sum(axis=0).max()
    # A spline moves at most about twice as fast as its control polygon on average.
    q = basis(len(control_points), max(32, int(np.ceil(2 * travel / RESOLUTION / 16)) * 16)) @ control_points
    return checker.robot.within_limits(q) and checker.first_contact(q) is None


def _initial_paths(checker: CollisionChecker, start: np.ndarray, goal: np.ndarray, rng: np.random.Generator):
    """[STARTS, N, D]: the straight line, and polylines through one random configuration each."""
    limits = checker.robot.limits
    paths = [straight_line(start, goal, NUM_CONTROL_POINTS)]
    for index in range(1, STARTS):
        spread = 0.4 if index < STARTS // 2 else 0.9
        via = rng.uniform(0.3, 0.7) * (goal - start) + start + spread * rng.normal(size=len(start))
        via = np.clip(via, limits.lower, limits.upper)
        paths.append(fit(np.array([start, via, goal]), NUM_CONTROL_POINTS))
    return np.array(paths)


def _planned(checker: CollisionChecker, start: np.ndarray, goal: np.ndarray, rng: np.random.Generator):
    waypoints = plan(checker, start, goal, PLANNING_TIME, int(rng.integers(2**31)), simplification_time=0.1)
    if waypoints is None:
        return []
    for settings in (None, CLOSE):
        paths, _ = optimise(fit(waypoints, NUM_CONTROL_POINTS)[None], checker.robot, checker.scene, settings)
        good = _different(checker, paths)
        if good:
            break
    return good


def _different(checker: CollisionChecker, candidates: np.ndarray) -> list[np.ndarray]:
    """Free paths that differ by more than 0.4 rad somewhere and are at most 1.6 times as long as the shortest."""
    kept: list[np.ndarray] = []
    for path in sorted(candidates, key=lengths):
        if kept and lengths(path) > 1.6 * lengths(kept[0]):
            break
        if all(np.abs(path - other).max() > 0.4 for other in kept) and is_free(checker, path):
            kept.append(path)
        if len(kept) == KEPT:
            break
    return kept


def _examples(robot: Robot, rng: np.random.Generator) -> Iterator[tuple[Scene, np.ndarray]]:
    """Endless verified paths [N, D] with their scenes; the paths of one scene follow each other."""
    space = arm_space(robot)
    while True:
        scene = random_arm_scene(rng, space)
        checker = CollisionChecker(robot, scene)
        problems = random_problems(checker, rng, PROBLEMS_A_SCENE)
        if problems:
            for paths in expert_paths(checker, problems, rng):
                yield from ((scene, path) for path in paths)


def _make_shard(out: Path, seed: int, robot: str, size: int, index: int, bar: tqdm | None = None) -> None:
    torch.set_num_threads(1)
    scenes, paths, scene_ids = [], [], []
    for scene, path in _examples(load_robot(robot), np.random.default_rng([seed, index, 7])):
        new = not scenes or scene is not scenes[-1]
        scene_ids.append(scene_ids[-1] + new if scenes else index * size)
        scenes.append(scene)
        paths.append(path)
        if bar is not None:
            bar.update()
        if len(paths) == size:
            break
    points = np.array(paths, dtype=np.float32)
    partial_file = _path(out, index).with_suffix(".partial")
    with partial_file.open("wb") as file:
        np.savez_compressed(
            file,
            start=points[:, 0],
            goal=points[:, -1],
            control_points=points,
            scene_id=np.array(scene_ids, dtype=np.int64),
            **scene_arrays(scenes, MAX_OBSTACLES),
        )
    os.replace(partial_file, _path(out, index))


def _path(out: Path, index: int) -> Path:
    return out / f"arm_{index:05d}.npz"
