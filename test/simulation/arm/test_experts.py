"""Expert paths connect their problems without contact; shards can be continued."""

import json

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Scene
from genmodels_ros.robots.paths.bspline import evaluate, straight_line
from genmodels_ros.robots.scene_arrays import scene_from_arrays
from genmodels_ros.simulation.arm import experts as arm_experts
from genmodels_ros.simulation.arm.experts import expert_paths, is_free, make_shards

WALL = Scene((Box((0.5, 0.0, 0.3), (0.5, 0.03, 0.5)),))


@pytest.fixture
def around_a_wall():
    robot = load_robot("panda")
    start, goal = robot.ready.copy(), robot.ready.copy()
    start[0], goal[0] = -0.7, 0.7
    return CollisionChecker(robot, WALL), start, goal


def test_expert_paths_are_free_short_first_and_different(around_a_wall):
    checker, start, goal = around_a_wall
    assert not is_free(checker, straight_line(start, goal, 16))
    (paths,) = expert_paths(checker, [(start, goal)], np.random.default_rng(0))
    assert paths
    for path in paths:
        np.testing.assert_allclose(path[[0, 1, -2, -1]], [start, start, goal, goal], atol=1e-6)
        assert checker.first_contact(evaluate(path, np.linspace(0, 1, 1500))) is None
    lengths = [np.linalg.norm(np.diff(path, axis=0), axis=1).sum() for path in paths]
    assert lengths == sorted(lengths)
    for i, path in enumerate(paths):
        assert all(np.abs(path - other).max() > 0.3 for other in paths[:i])


def test_shards_are_complete_repeatable_and_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(arm_experts, "SHARD", 4)
    monkeypatch.setattr(arm_experts, "PROBLEMS_A_SCENE", 2)
    make_shards(out=tmp_path, count=5, seed=3)
    assert json.loads((tmp_path / "card.json").read_text())["trajectories"] == 8
    first, second = sorted(tmp_path.glob("*.npz"))
    with np.load(first, allow_pickle=False) as shard:
        arrays = {key: shard[key] for key in shard.files}
    assert arrays["control_points"].shape == (4, 16, 7) and arrays["control_points"].dtype == np.float32
    for index, points in enumerate(arrays["control_points"]):
        checker = CollisionChecker(load_robot("panda"), scene_from_arrays(arrays, index))
        assert is_free(checker, points.astype(float))
        np.testing.assert_array_equal(points[[0, -1]], [arrays["start"][index], arrays["goal"][index]])
    kept = second.stat().st_mtime_ns
    first.unlink()
    make_shards(out=tmp_path, count=5, seed=3)
    with np.load(first, allow_pickle=False) as shard:
        np.testing.assert_allclose(shard["control_points"], arrays["control_points"], atol=1e-4)
    assert second.stat().st_mtime_ns == kept
