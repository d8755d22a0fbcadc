"""What is verified first, when the search goes on, and when it is content; refinement gives known clearances here."""

from types import SimpleNamespace

import numpy as np
import pytest

from genmodels_ros.pipelines.arm import candidate_search
from genmodels_ros.pipelines.arm.candidate_search import AT_LEAST, BARS, ENOUGH, SAME, STAGES, search
from genmodels_ros.robots.paths.bspline import straight_line

CHECKER = SimpleNamespace(robot=None, scene=None, proximity=None, touching=lambda q: q.max((1, 2)) > TOO_FAR)
TOO_FAR = 5.0  # rad; a path that goes there touches something


def bent(*sizes: float) -> np.ndarray:
    """Paths [B, 8, 2] that leave the straight line sideways by `sizes` rad in the middle."""
    paths = np.repeat(straight_line(np.zeros(2), np.ones(2), 8)[None], len(sizes), axis=0)
    paths[:, 4] += np.array(sizes)[:, None] * [1, -1]
    return paths


@pytest.fixture
def verified(monkeypatch):
    """Runs a search over paths with clearances that stay as given; answers the sizes verified, in order, and found."""

    def run(sizes, clearance, valid=lambda size: True, max_candidates=0):
        gaps = dict(zip(np.round(sizes, 6), clearance, strict=True))
        stages, tried = [], []

        def refine(paths, robot, scene, settings, proximity):
            stages.append(len(paths))
            return paths, np.array([gaps[size(path)] for path in paths])

        def size(path):
            return round(float(path[4, 0] - bent(0.0)[0, 4, 0]), 6)

        def verify(path):
            tried.append(size(path))
            return size(path) if valid(size(path)) else None

        monkeypatch.setattr(candidate_search, "optimise", refine)
        found = search(bent(*sizes), CHECKER, verify, lambda *_: None, max_candidates)
        return tried, found, stages

    return run


def test_the_shortest_clear_path_comes_first_then_the_least_alike(verified):
    tried, found, _ = verified([0.7, 0.3, 0.0, -0.6], [0.01, 0.01, -0.005, 0.01])
    assert tried == found == [0.3, -0.6, 0.7, 0.0]


def test_hopeless_paths_are_never_verified(verified):
    tried, found, stages = verified([0.1, 0.5], [BARS[-1] - 0.01, -1.0])
    assert not tried and not found and stages == [2] * len(STAGES)


def test_paths_nearly_clear_are_verified_only_after_more_refinement(verified):
    tried, _, stages = verified([0.1, 0.5], [(BARS[0] + BARS[1]) / 2] * 2)
    assert sorted(tried) == [0.1, 0.5] and stages == [2, 2]


def test_paths_seen_to_touch_something_are_not_verified_but_refined(verified):
    tried, found, stages = verified([0.1, 8.0], [0.01, 0.01])
    assert tried == found == [0.1] and stages == [2, 1, 1]


def test_near_duplicates_serve_only_to_reach_the_least_number(verified):
    sizes = list(np.linspace(0, 0.9 * SAME, 8))
    assert len(verified(sizes, [0.01] * 8)[1]) == AT_LEAST


def test_enough_is_enough_and_more_is_found_on_demand(verified):
    sizes = list(np.arange(12) * 2 * SAME)
    assert len(verified(sizes, [0.01] * 12)[1]) == ENOUGH
    assert len(verified(sizes, [0.01] * 12, max_candidates=8)[1]) == 8


def test_paths_that_fail_are_refined_further_without_those_found(verified):
    tried, found, stages = verified([0.0, 0.5, 1.0, 1.5], [0.01] * 4, valid=lambda size: size < 0.7)
    assert found == [0.0, 0.5] and stages == [4, 2, 2] and tried.count(0.0) == 1
