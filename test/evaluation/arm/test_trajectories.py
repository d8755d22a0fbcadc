"""Shares, ratios and modes are counted as their names say."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode
from genmodels_ros.evaluation.arm.outcomes import Outcome
from genmodels_ros.evaluation.arm.trajectories import bench
from genmodels_ros.evaluation.arm.trajectory_chart import draw
from genmodels_ros.evaluation.arm.trajectory_tables import by_family, summarise
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.pipelines.arm.trajectory_query import Candidate, GenerationResult
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.trajectory import Trajectory


def candidate(source: str = "model") -> Candidate:
    """Along the first joint by 1 rad."""
    positions = np.stack([np.linspace(0, 1, 11), np.zeros(11)], axis=1)
    trajectory = Trajectory(("a", "b"), np.linspace(0, 1, 11), positions, 0 * positions, 0 * positions)
    return Candidate(trajectory, source, 1.0, trajectory.length, 1.0, 0.1, 0.0)


def outcome(*candidates: Candidate, **changes) -> Outcome:
    code = ErrorCode.SUCCESS if candidates else ErrorCode.NO_SOLUTION
    plain = Outcome(
        "toy", GenerationResult(code, candidates=candidates), latency=0.1, work=0.05, raw=False, guided=False,
        straight=False, refused=0, penetrating=0, off_limits=0, off_ends=0, modes=1, separated=False,
        planner_length=2.0, planner_latency=0.02, planner_work=0.01, best_length=0.8,
    )  # fmt: skip
    return replace(plain, **changes)


OUTCOMES = [
    outcome(*[candidate()] * 3, raw=True, guided=True, modes=2, separated=True),
    outcome(candidate("fallback"), guided=True, straight=True, planner_latency=0.06),
    outcome(planner_length=None, best_length=None),
    outcome(candidate(), planner_length=None, refused=1, penetrating=1),
]


def rows(table) -> dict[str, tuple]:
    return {row[0]: row[1:] for row in table.rows}


def test_the_table_counts_what_it_says():
    table = rows(summarise("toy", OUTCOMES))

    def share(name, column=0):
        return table[name][column].split(" (")[0]

    assert share("solved and clean, full service") == "50.0 %"
    assert share("solved and clean, full service", 1) == "50.0 %"
    assert share("the same, of those OMPL solves") == "100.0 %"
    assert share("answered by the model, not the fallback") == "25.0 %"
    assert share("unrefined samples, best of 32") == "25.0 %"
    assert share("… guided by the collision cost") == "50.0 %"
    assert share("straight line in joint space") == "25.0 %"
    assert share("at least 3 verified candidates") == "25.0 %"
    assert share("at least 2 distinct modes") == share("… with something between two of them") == "25.0 %"
    assert table["trajectories returned"][0] == 5
    assert table["… that a fresh verification refuses"][0] == 1
    assert table["… that penetrate something in MuJoCo"][0] == 1
    assert table["… that exceed a limit by finite differences"][0] == table["… that miss start or goal"][0] == 0
    assert table["path length over the best of this run, median"] == pytest.approx((1.25, 2.5))
    assert table["time to answer, median [ms]"] == pytest.approx((100, 20))
    assert table["processor time to answer, 95th percentile [ms]"] == pytest.approx((50, 10))
    assert "(15.0 to 85.0)" in table["solved and clean, full service"][0]


def test_nothing_solved_is_a_table_too():
    table = rows(summarise("toy", [outcome(planner_length=None, best_length=None)], has_reference=True))
    assert table["path length over the best known, median"] == (None, None)
    assert table["the same, of those OMPL solves"][0] == "—"


def test_families_are_counted_apart():
    table = rows(by_family("toy", [*OUTCOMES, outcome(candidate(), family="shelf")]))
    assert table["toy"][0] == 4 and table["shelf"][0] == 1
    assert table["shelf"][1].startswith("100.0 %") and table["toy"][1].startswith("50.0 %")


def test_the_picture_grows_bars_with_shares(tmp_path):
    def blue(outcomes) -> int:
        draw({"toy": outcomes}, tmp_path / "bars.png")
        return int((cv2.imread(str(tmp_path / "bars.png")).astype(int) @ [1, 0, -1] > 100).sum())

    assert blue([outcome(candidate())]) > 2 * blue([outcome()]) > 0


def test_the_shipped_model_runs_the_benchmark(tmp_path):
    ready = load_robot("panda").ready
    entry = {"id": "turn", "start": ready.tolist(), "goal_config": np.add(ready, 0.2).tolist()}
    (tmp_path / "turns.json").write_text(json.dumps([entry]))
    reference, plot = tmp_path / "out" / "lengths.json", tmp_path / "plot.png"
    reference.parent.mkdir()
    [table, run] = bench(BenchOptions(tmp_path, device="cpu", quick=True), reference=reference, plot=plot)
    values = rows(table)
    assert "turns, 1 problems" in table.title
    assert values["solved and clean, full service"][0].startswith("100.0 %")
    assert values["straight line in joint space"][0].startswith("100.0 %")
    assert values["trajectories returned"][0] > 0
    assert values["… that penetrate something in MuJoCo"][0] == 0
    assert values["path length over the best known, median"][0] == pytest.approx(1.0, abs=1e-3)
    [length] = json.loads(reference.read_text()).values()
    assert length == pytest.approx(0.2 * np.sqrt(7))
    assert cv2.imread(str(plot)) is not None
    assert rows(run)["robot"][0] == "panda"
