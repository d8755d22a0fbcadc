"""Planning problems and their results as JSON, the files of `genmodels plan`.

Files write quaternions as quat_wxyz, the program as quat_xyzw; this module is where one becomes the other. Everything
that depends on the robot (joint counts, limits, collisions) is judged by the generator, a problem at a time.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.scene_arrays import rotation_matrices
from genmodels_ros.robots.trajectory import Trajectory


@dataclass(frozen=True)
class Problem:
    """One request for a motion.

    family: the kind of scene, for reports
    start [D] rad; goal_config [D] rad or None
    goal_pose: base_from_tool [4, 4] or None
    finger_position: m a finger; None means the robot's default
    """

    id: str
    family: str
    start: np.ndarray
    goal_config: np.ndarray | None
    goal_pose: np.ndarray | None
    scene: Scene
    finger_position: float | None = None


def load_problems(path: Path) -> list[Problem]:
    """The problems of a file.

    Raises OSError if it cannot be read, and GenModelsError with the id of the problem that cannot be understood:
    WRONG_LENGTH, NOT_FINITE or INVALID_OBSTACLE.
    """
    try:
        entries = json.loads(Path(path).read_text())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{path} is not JSON: {error}") from error
    if not isinstance(entries, list):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{path} must hold a list of problems.")
    return [_problem(entry, f"Problem {index}") for index, entry in enumerate(entries)]


def result_to_json(problem: Problem, result, all_candidates: bool = False) -> dict:
    """One entry of RESULTS.json for a pipelines.arm.trajectory_generation.GenerationResult.

    What is not there (a trajectory after a failure, the clearance in an empty scene) is null: JSON has no infinity.
    """
    best = result.candidates[0] if result.candidates else None
    entry = {
        "id": problem.id,
        "status": result.code.name.lower(),
        "source": best.source if best else None,
        "message": result.message,
        "planning_time_ms": 1e3 * result.planning_time,
        "generation_time_ms": 1e3 * result.generation_time,
        "num_candidates": len(result.candidates),
        "num_verified": result.num_verified,
        "length": best.length if best else None,
        "min_clearance": _finite_or_none(best.min_clearance) if best else None,
        "trajectory": trajectory_to_json(best.trajectory) if best else None,
    }
    if all_candidates:
        entry["candidates"] = [
            {
                "source": candidate.source,
                "score": candidate.score,
                "length": candidate.length,
                "duration": candidate.duration,
                "min_clearance": _finite_or_none(candidate.min_clearance),
                "smoothness": candidate.smoothness,
                "trajectory": trajectory_to_json(candidate.trajectory),
            }
            for candidate in result.candidates
        ]
    return entry


def _problem(entry, what: str) -> Problem:
    _require_object(entry, what)
    what = f"{what} ({entry.get('id', 'without id')!r:.60})"
    pose, goal, finger_position = (entry.get(key) for key in ("goal_pose", "goal_config", "finger_position"))
    try:
        return Problem(
            id=str(entry.get("id", "")),
            family=str(entry.get("scene", "")),
            start=_numbers(entry, "start"),
            goal_config=None if goal is None else _numbers(entry, "goal_config"),
            goal_pose=None if pose is None else _pose(pose),
            scene=_scene(entry),
            finger_position=None if finger_position is None else _number(entry, "finger_position"),
        )
    except GenModelsError as error:
        raise GenModelsError(error.code, f"{what}: {error.message}") from error


def _scene(entry: dict) -> Scene:
    def each(key: str, make):
        items = entry.get(key) or []
        if not isinstance(items, list):
            raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"{key} must be a list.")
        for index, item in enumerate(items):
            _require_object(item, f"{key}[{index}]", ErrorCode.INVALID_OBSTACLE)
            yield make(item, str(item.get("name", f"{key}[{index}]")))

    boxes = each("boxes", lambda o, id: Box(_numbers(o, "center"), _numbers(o, "dims"), _quat_xyzw(o), id))
    cylinders = each(
        "cylinders",
        lambda o, id: Cylinder(_numbers(o, "center"), _number(o, "radius"), _number(o, "height"), _quat_xyzw(o), id),
    )
    spheres = each("spheres", lambda o, id: Sphere(_numbers(o, "center"), _number(o, "radius"), id))
    return Scene((*boxes, *cylinders, *spheres))


def _pose(entry) -> np.ndarray:
    """base_from_tool [4, 4]."""
    _require_object(entry, "goal_pose")
    xyz, quat_xyzw = _numbers(entry, "xyz"), _quat_xyzw(entry)
    if xyz.shape != (3,) or quat_xyzw.shape != (4,):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, "goal_pose needs xyz of 3 and quat_wxyz of 4 numbers.")
    norm = np.linalg.norm(quat_xyzw)
    if abs(norm - 1) > 1e-2:
        raise GenModelsError(ErrorCode.NOT_FINITE, f"goal_pose needs a unit quaternion, its norm is {norm:.3g}.")
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation_matrices(quat_xyzw / norm), xyz
    return pose


def _quat_xyzw(entry: dict) -> np.ndarray:
    if "quat_wxyz" not in entry:
        return np.array(IDENTITY_XYZW)
    return np.roll(_numbers(entry, "quat_wxyz"), -1)


def _numbers(entry: dict, key: str) -> np.ndarray:
    values = entry.get(key)
    if not isinstance(values, list) or not all(_is_number(value) for value in values):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{key} must be a list of numbers.")
    return np.array([_finite(value, key) for value in values])


def _number(entry: dict, key: str) -> float:
    if not _is_number(entry.get(key)):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{key} must be a number.")
    return _finite(entry[key], key)


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: int | float, key: str) -> float:
    """JSON integers have no bound and json accepts NaN and Infinity: both end here."""
    if not -1e9 < value < 1e9:
        raise GenModelsError(ErrorCode.NOT_FINITE, f"{key} must be finite and below 1e9 in magnitude.")
    return float(value)


def _require_object(value, what: str, code: ErrorCode = ErrorCode.WRONG_LENGTH) -> None:
    if not isinstance(value, dict):
        raise GenModelsError(code, f"{what} must be a JSON object.")


def trajectory_to_json(trajectory: Trajectory) -> dict:
    """Its fields by their names, as lists."""
    return {
        "joint_names": list(trajectory.joint_names),
        "time_from_start": trajectory.time_from_start.tolist(),
        "positions": trajectory.positions.tolist(),
        "velocities": trajectory.velocities.tolist(),
        "accelerations": trajectory.accelerations.tolist(),
    }


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
