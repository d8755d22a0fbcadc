"""Shares, ratios and ways are counted as their names say."""

import json
from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode
from genmodels_ros.evaluation.trajectories import Outcome, bench, made_up_problems, summarise
from genmodels_ros.pipelines.trajectory_query import Candidate, GenerationResult
from genmodels_ros.robots.collision import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.trajectory import Trajectory


def candidate(source: str = "model", bulge: float = 0.0) -> Candidate:
    """Along the first joint by 1 rad, with a detour in the second."""
    positions = np.stack([np.linspace(0, 1, 11), bulge * np.sin(np.linspace(0, np.pi, 11))], axis=1)
    trajectory = Trajectory(("a", "b"), np.linspace(0, 1, 11), positions, 0 * positions, 0 * positions)
    return Candidate(trajectory, source, 1.0, trajectory.length, 1.0, 0.1, 0.0)


def outcome(*candidates: Candidate, verified: int = 0, length: float | None = 2.0, **changes) -> Outcome:
    code = ErrorCode.SUCCESS if candidates else ErrorCode.NO_SOLUTION
    result = GenerationResult(code, candidates=candidates, num_verified=verified, planning_time=0.1)
    return replace(Outcome(result, False, False, 0, length, 0.02), **changes)


def rows(*outcomes: Outcome) -> dict[str, tuple]:
    return {row[0]: row[1:] for row in summarise("toy", list(outcomes)).rows}


def test_the_table_counts_what_it_says():
    table = rows(
        outcome(candidate(), candidate(bulge=0.1), candidate(bulge=0.8), verified=3, raw=True),
        outcome(candidate("fallback"), straight=True, violations=1),
        outcome(length=None),
        outcome(candidate(), verified=1, length=None),
    )
    assert table["solved, full service"] == ("75.0 %", "50.0 %")
    assert table["answered by the model, not the fallback"][0] == "50.0 %"
    assert table["unrefined samples, best of 32"][0] == "25.0 %"
    assert table["straight line in joint space"][0] == "25.0 %"
    assert table["at least 3 verified candidates"][0] == "25.0 %"
    assert table["at least 2 different ways"][0] == "25.0 %"
    assert table["returned trajectories that verification refuses"][0] == 1
    assert table["path length over OMPL's, median"][0] == pytest.approx(0.5)
    assert table["time to answer, median [ms]"] == pytest.approx((100, 20))


def test_nothing_solved_is_a_table_too():
    table = rows(outcome(length=None))
    assert table["solved, full service"] == ("0.0 %", "0.0 %")
    assert np.isnan(table["path length over OMPL's, median"][0])


def test_made_up_problems_are_free_at_both_ends_and_follow_their_seed():
    problems, robot = made_up_problems(3, seed=5), load_robot("panda")
    for problem, again in zip(problems, made_up_problems(3, seed=5), strict=True):
        checker = CollisionChecker(robot, problem.scene)
        assert checker.contact(problem.start) is None and checker.contact(problem.goal_config) is None
        np.testing.assert_array_equal(problem.start, again.start)


def test_a_folder_without_problems_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="No problem files"):
        bench(data=tmp_path, device="cpu")


def test_the_shipped_model_runs_the_benchmark(tmp_path):
    ready = load_robot("panda").ready
    entry = {"id": "turn", "start": ready.tolist(), "goal_config": np.add(ready, 0.2).tolist()}
    (tmp_path / "turns.json").write_text(json.dumps([entry]))
    [table] = bench(data=tmp_path, device="cpu", quick=True)
    values = {row[0]: row[1] for row in table.rows}
    assert "turns, 1 problems" in table.title
    assert values["solved, full service"] == "100.0 %"
    assert values["straight line in joint space"] == "100.0 %"
    assert values["returned trajectories that verification refuses"] == 0
