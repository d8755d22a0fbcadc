"""Lengths to compare with: as short as they get, and never another problem's."""

from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.data.problems import Problem
from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.arm.reference_paths import ReferenceLengths, polyline_length, shortcut, shortest_length
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Cylinder, Scene
from genmodels_ros.robots.paths.planning import interpolate

PANDA = load_robot("panda")
TURN = 0.9 * np.eye(7)[0]
POST = Scene((Cylinder((0.34, 0.0, 0.45), 0.04, 0.9, id="post"),))
PROBLEM = Problem("turn", "post", PANDA.ready - TURN, PANDA.ready + TURN, None, POST)


def test_lengths_are_kept_by_content_and_only_shrink(tmp_path):
    lengths = ReferenceLengths(tmp_path / "lengths.json")
    assert lengths.get("panda", PROBLEM) is None
    for length in (3.0, 2.0, 2.5):
        lengths.add("panda", PROBLEM, length)
    again = ReferenceLengths(tmp_path / "lengths.json")
    assert again.get("panda", replace(PROBLEM, id="renamed", family="other")) == 2.0
    moved = Scene((replace(POST.obstacles[0], center=(0.34, 0.0, 0.46)),))
    for other in (
        replace(PROBLEM, scene=moved),
        replace(PROBLEM, scene=Scene()),
        replace(PROBLEM, start=PROBLEM.goal_config, goal_config=PROBLEM.start),
        replace(PROBLEM, finger_position=0.01),
    ):
        assert again.get("panda", other) is None
    assert again.get("ur5", PROBLEM) is None


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"a": "long"}', '{"a": null}'])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "lengths.json").write_text(content)
    with pytest.raises(GenModelsError, match="no reference lengths"):
        ReferenceLengths(tmp_path / "lengths.json")


def test_shortcuts_are_shorter_and_stay_free():
    checker, rng = CollisionChecker(PANDA, POST), np.random.default_rng(0)
    over = PANDA.ready + 0.9 * np.eye(7)[3]
    detour = np.stack([PROBLEM.start, over - TURN, over + TURN, PROBLEM.goal_config])
    assert not checker.collisions(interpolate(detour)).any()
    shorter = shortcut(detour, checker, rng)
    assert polyline_length(shorter) < polyline_length(detour) - 0.1
    assert not checker.collisions(interpolate(shorter)).any()
    np.testing.assert_array_equal(shorter[[0, -1]], detour[[0, -1]])


def test_the_search_takes_the_straight_line_where_it_is_free():
    free = CollisionChecker(PANDA, Scene())
    assert shortest_length(free, PROBLEM.start, PROBLEM.goal_config) == pytest.approx(1.8)
