"""Problem sets: read, made up, thinned evenly."""

import json

import numpy as np
import pytest

from genmodels_ros.evaluation.arm.problems import made_up_problems, problem_sets
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot

PANDA = load_robot("panda")


def test_made_up_problems_are_free_at_both_ends_and_follow_their_seed():
    problems = made_up_problems(PANDA, 3, seed=5)
    for problem, again in zip(problems, made_up_problems(PANDA, 3, seed=5), strict=True):
        checker = CollisionChecker(PANDA, problem.scene)
        assert checker.contact(problem.start) is None and checker.contact(problem.goal_config) is None
        np.testing.assert_array_equal(problem.start, again.start)


def test_a_folder_without_problems_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="No problems for panda"):
        problem_sets(tmp_path, PANDA, seed=0, limit=None)


def test_files_are_thinned_evenly_and_pose_goals_left_out(tmp_path):
    ready = PANDA.ready.tolist()
    entries = [{"id": str(index), "start": ready, "goal_config": ready} for index in range(9)]
    entries.append({"id": "pose", "start": ready, "goal_pose": {"xyz": [0, 0, 0], "quat_wxyz": [1, 0, 0, 0]}})
    (tmp_path / "some.json").write_text(json.dumps(entries))

    def ids(limit):
        return [problem.id for problem in problem_sets(tmp_path, PANDA, seed=0, limit=limit)["some"]]

    with pytest.raises(FileNotFoundError, match="No problems for ur5"):
        problem_sets(tmp_path, load_robot("ur5"), seed=0, limit=None)
    assert ids(3) == ["0", "4", "8"]
    assert ids(None) == ids(100) == [str(index) for index in range(9)]
