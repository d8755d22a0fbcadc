"""The shortest verified path known of each problem: what the length of an answer is compared with.

Found by a search that no service would wait for: RRTConnect from several seeds with long simplification, optimisation
of many random detours with hardly any margin, and shortcutting of the best of both by the exact checker. Lengths are
kept in a JSON file under a hash of everything that makes the problem, so that none is ever taken for another's.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from genmodels_ros.data.problems import Problem
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.paths.bspline import basis, fit, straight_line
from genmodels_ros.robots.paths.optimisation import OptimisationSettings, optimise
from genmodels_ros.robots.paths.planning import interpolate, plan
from genmodels_ros.robots.scene_arrays import scene_arrays

PLANS = 3  # of RRTConnect
PLANNING_TIME, SIMPLIFICATION_TIME = 10.0, 0.5  # s each
DETOURS = 32  # paths optimised at once
NUM_CONTROL_POINTS = 16
MARGINS = (0.0, -0.02)  # m, spheres are larger than the arm: with a negative margin they may overlap obstacles
PROMISING = 3  # paths that are shortcut
SHORTCUTS = 100  # tried a path


class ReferenceLengths:
    """Lengths by problem, in a file that is written whenever one is added. A length only ever shrinks."""

    def __init__(self, path: Path):
        """Starts with what the file holds, if it exists. Raises GenModelsError(WRONG_LENGTH) if it holds no lengths."""
        self._path = Path(path)
        try:
            lengths = json.loads(self._path.read_text()) if self._path.is_file() else {}
            self._lengths = {key: float(length) for key, length in lengths.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"{path} holds no reference lengths ({error}): name a new file."
            ) from error

    def get(self, robot_name: str, problem: Problem) -> float | None:
        """rad, None for a problem never seen."""
        return self._lengths.get(_key(robot_name, problem))

    def add(self, robot_name: str, problem: Problem, length: float) -> None:
        """Keeps the length if it is the shortest so far."""
        key = _key(robot_name, problem)
        if length < self._lengths.get(key, np.inf):
            self._lengths[key] = length
            partial = self._path.with_suffix(".partial")
            partial.write_text(json.dumps(self._lengths, indent=0))
            os.replace(partial, self._path)


def shortest_length(checker: CollisionChecker, start: np.ndarray, goal: np.ndarray, seed: int = 0) -> float | None:
    """Length in rad of the shortest path from start to goal [D] that the search finds free at 0.01 rad, or None."""
    if checker.first_contact(interpolate(np.stack([start, goal]))) is None:
        return polyline_length(np.stack([start, goal]))
    rng = np.random.default_rng(seed)
    plans = [
        plan(checker, start, goal, PLANNING_TIME, seed=seed + index, simplification_time=SIMPLIFICATION_TIME)
        for index in range(PLANS)
    ]
    plans = [waypoints for waypoints in plans if waypoints is not None]
    found = plans + _optimised(checker, [*_detours(checker, start, goal, rng), *plans])
    promising = sorted(found, key=polyline_length)[:PROMISING]
    return min((polyline_length(shortcut(path, checker, rng)) for path in promising), default=None)


def polyline_length(waypoints: np.ndarray) -> float:
    """rad, of waypoints [W, D]."""
    return float(np.linalg.norm(np.diff(waypoints, axis=0), axis=1).sum())


def shortcut(path: np.ndarray, checker: CollisionChecker, rng: np.random.Generator) -> np.ndarray:
    """The free polyline [W, D], made shorter by straight lines between random points of it where these are free
    (Geraerts and Overmars, "Creating high-quality paths for motion planning", 2007).
    """
    for _ in range(SHORTCUTS):
        lengths = np.concatenate([[0.0], np.linalg.norm(np.diff(path, axis=0), axis=1).cumsum()])
        near, far = np.sort(rng.uniform(0, lengths[-1], 2))
        first, last = (np.array([np.interp(at, lengths, column) for column in path.T]) for at in (near, far))
        before, after = path[lengths < near], path[lengths > far]
        shorter = np.concatenate([before, [first, last], after])
        if polyline_length(shorter) > lengths[-1] - 1e-4:
            continue
        if checker.first_contact(interpolate(np.stack([first, last]))) is None:
            path = shorter
    return path


def _detours(checker: CollisionChecker, start: np.ndarray, goal: np.ndarray, rng: np.random.Generator):
    """Polylines [3, D] through a random configuration near the straight line or far from it."""
    limits = checker.robot.limits
    for spread in np.linspace(0, 1.5, DETOURS):
        via = start + rng.uniform(0.2, 0.8) * (goal - start) + spread * rng.normal(size=len(start))
        yield np.stack([start, np.clip(via, limits.lower, limits.upper), goal])


def _optimised(checker: CollisionChecker, polylines: list[np.ndarray]) -> list[np.ndarray]:
    """Free polylines [64, D] near the given ones, as short as the margins let them be."""
    paths = np.stack([_spline(polyline) for polyline in polylines])
    found = []
    for margin in MARGINS:
        settings = OptimisationSettings(margin=margin, self_margin=margin, length=4.0, smoothness=0.5, iterations=40)
        paths, _ = optimise(paths, checker.robot, checker.scene, settings)
        dense = basis(NUM_CONTROL_POINTS, 64) @ paths
        order = np.argsort([polyline_length(path) for path in dense])
        free = (path for path in dense[order] if checker.first_contact(interpolate(path)) is None)
        found += [path for path, _ in zip(free, range(PROMISING), strict=False)]
    return found


def _spline(polyline: np.ndarray) -> np.ndarray:
    if np.allclose(polyline[0], polyline[-1]):
        return straight_line(polyline[0], polyline[-1], NUM_CONTROL_POINTS)
    return fit(polyline, NUM_CONTROL_POINTS)


def _key(robot_name: str, problem: Problem) -> str:
    """Of all that decides which paths are free; numbers rounded to 1e-6."""
    digest = hashlib.sha256(f"{robot_name} {problem.finger_position}".encode())
    arrays = {"start": problem.start, "goal": problem.goal_config, **scene_arrays([problem.scene])}
    for name, values in arrays.items():
        digest.update(f"{name} {np.round(np.asarray(values, dtype=float), 6).tolist()}".encode())
    return digest.hexdigest()
