"""Files are read as they were meant, written as they promise, and refused in one sentence where they are neither."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels_ros.data.problems import load_problems, result_to_json
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.trajectory import Trajectory

HALF = math.sqrt(0.5)


def entry(**changes) -> dict:
    """A problem of every kind of obstacle, with `changes`; a value of ... leaves the key out."""
    values = {
        "id": "shelf/1",
        "scene": "shelf",
        "start": [0.0, 0.5],
        "goal_config": [1, -1],
        "goal_pose": {"xyz": [0.1, 0.2, 0.3], "quat_wxyz": [HALF, 0, 0, HALF]},
        "boxes": [{"center": [1, 0, 0], "dims": [0.1, 0.2, 0.3], "quat_wxyz": [HALF, 0, 0, HALF], "name": "left"}],
        "cylinders": [{"center": [0, 1, 0], "radius": 0.1, "height": 0.5, "quat_wxyz": [1, 0, 0, 0]}],
        "spheres": [{"center": [0, 0, 1], "radius": 0.2}],
        "finger_position": 0.065,
    } | changes
    return {key: value for key, value in values.items() if value is not ...}


def read(tmp_path, *entries) -> list:
    path = tmp_path / "problems.json"
    path.write_text(json.dumps(list(entries)))
    return load_problems(path)


def test_a_problem_is_read_in_the_programs_conventions(tmp_path):
    [problem] = read(tmp_path, entry())
    assert (problem.id, problem.family, problem.finger_position) == ("shelf/1", "shelf", 0.065)
    np.testing.assert_array_equal(problem.goal_config, [1.0, -1.0])
    box, cylinder, sphere = problem.scene.obstacles
    np.testing.assert_allclose(box.quat_xyzw, [0, 0, HALF, HALF])
    assert box.id == "left" and cylinder.height == 0.5 and sphere.radius == 0.2
    quarter_turn = [[0, -1, 0, 0.1], [1, 0, 0, 0.2], [0, 0, 1, 0.3], [0, 0, 0, 1]]
    np.testing.assert_allclose(problem.goal_pose, quarter_turn, atol=1e-9)


def test_optional_parts_may_be_missing_or_null(tmp_path):
    bare = entry(**dict.fromkeys(("boxes", "spheres", "goal_pose", "finger_position", "scene"), ...), goal_config=None)
    [problem] = read(tmp_path, bare)
    assert problem.goal_config is None and problem.goal_pose is None and problem.finger_position is None
    assert len(problem.scene.obstacles) == 1


BAD = {
    "no start": ({"start": ...}, ErrorCode.WRONG_LENGTH),
    "text in the start": ({"start": ["a", 0]}, ErrorCode.WRONG_LENGTH),
    "true in the start": ({"start": [True, 0]}, ErrorCode.WRONG_LENGTH),
    "nested start": ({"start": [[0], [1]]}, ErrorCode.WRONG_LENGTH),
    "NaN": ({"goal_config": [math.nan, 0]}, ErrorCode.NOT_FINITE),
    "infinity": ({"start": [math.inf, 0]}, ErrorCode.NOT_FINITE),
    "an integer beyond floats": ({"start": [10**400, 0]}, ErrorCode.NOT_FINITE),
    "pose without position": ({"goal_pose": {"quat_wxyz": [1, 0, 0, 0]}}, ErrorCode.WRONG_LENGTH),
    "pose that is a list": ({"goal_pose": [0, 0, 0]}, ErrorCode.WRONG_LENGTH),
    "pose of two numbers": ({"goal_pose": {"xyz": [0, 0]}}, ErrorCode.WRONG_LENGTH),
    "not a rotation": ({"goal_pose": {"xyz": [0, 0, 0], "quat_wxyz": [2, 0, 0, 0]}}, ErrorCode.NOT_FINITE),
    "boxes that are no list": ({"boxes": {"center": 1}}, ErrorCode.INVALID_OBSTACLE),
    "box that is a number": ({"boxes": [3]}, ErrorCode.INVALID_OBSTACLE),
    "flat box": ({"boxes": [{"center": [0, 0, 0], "dims": [1, 1, 0]}]}, ErrorCode.INVALID_OBSTACLE),
    "box of two sides": ({"boxes": [{"center": [0, 0, 0], "dims": [1, 1]}]}, ErrorCode.INVALID_OBSTACLE),
    "sphere without radius": ({"spheres": [{"center": [0, 0, 0]}]}, ErrorCode.WRONG_LENGTH),
}


@pytest.mark.parametrize("changes, code", BAD.values(), ids=BAD)
def test_bad_problems_are_refused_by_name(tmp_path, changes, code):
    with pytest.raises(GenModelsError, match=r"Problem 1 \('shelf/1'\)") as error:
        read(tmp_path, entry(), entry(**changes))
    assert error.value.code == code
    assert "\n" not in error.value.message


@pytest.mark.parametrize("text", ["", "{", "3", '{"id": 1}', "[[]]", "[null]", "[" * 100_000])
def test_files_that_are_no_list_of_problems_are_refused(tmp_path, text):
    path = tmp_path / "problems.json"
    path.write_text(text)
    with pytest.raises(GenModelsError):
        load_problems(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(entry())), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(sorted(entry())), JSON, max_size=3))
def test_whatever_json_says_it_is_read_or_refused(tmp_path_factory, changes):
    try:
        [problem] = read(tmp_path_factory.mktemp("any"), entry(**changes))
    except GenModelsError:
        return
    assert np.isfinite(problem.start).all()


@dataclass
class Candidate:
    trajectory: Trajectory
    source: str = "model"
    score: float = 1.0
    length: float = 2.0
    duration: float = 1.0
    min_clearance: float = math.inf
    smoothness: float = 3.0


@dataclass
class Result:
    code: ErrorCode
    candidates: tuple = ()
    message: str = ""
    num_verified: int = 0
    planning_time: float = 0.25
    generation_time: float = 0.125


def test_results_are_strict_json(tmp_path):
    [problem] = read(tmp_path, entry())
    still = Trajectory(("a", "b"), np.array([0.0, 1.0]), *np.zeros((3, 2, 2)))
    solved = result_to_json(
        problem, Result(ErrorCode.SUCCESS, (Candidate(still), Candidate(still))), all_candidates=True
    )
    json.dumps(solved, allow_nan=False)
    assert solved["status"] == "success" and solved["planning_time_ms"] == 250 and solved["min_clearance"] is None
    assert len(solved["candidates"]) == solved["num_candidates"] == 2
    assert solved["trajectory"]["positions"] == [[0, 0], [0, 0]]
    failed = result_to_json(problem, Result(ErrorCode.START_IN_COLLISION, message="hand touches shelf"))
    json.dumps(failed, allow_nan=False)
    assert failed["status"] == "start_in_collision" and failed["trajectory"] is None and "candidates" not in failed
