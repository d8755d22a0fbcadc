"""Different ways are told apart, and obstacles between them are seen."""

import numpy as np
import pytest

from genmodels_ros.evaluation.arm.path_modes import distinct_modes, separated
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Scene

PANDA = load_robot("panda")


def swing(bulge: float) -> np.ndarray:
    """The base joint from -0.8 to 0.8 rad, with a detour in the elbow."""
    part = np.linspace(0, 1, 21)[:, None]
    start, goal = PANDA.ready - 0.8 * np.eye(7)[0], PANDA.ready + 0.8 * np.eye(7)[0]
    return start + part * (goal - start) + bulge * np.sin(np.pi * part) * np.eye(7)[3]


def test_modes_differ_from_every_mode_before():
    paths = [swing(0.0), swing(0.1), swing(0.7), swing(0.8), swing(-0.6)]
    modes = distinct_modes(paths)
    assert [mode[16, 3] - PANDA.ready[3] for mode in modes] == pytest.approx([0.0, 0.7, -0.6], abs=0.01)
    assert distinct_modes([]) == []


def test_speed_along_a_path_makes_no_mode():
    path = swing(0.7)
    late = np.concatenate([np.repeat(path[:1], 30, axis=0), path])
    assert len(distinct_modes([path, late])) == 1


def test_a_post_between_two_ways_separates_them():
    over, under = swing(0.9), swing(-0.6)
    post = Scene((Box((0.35, 0.0, 0.6), (0.06, 0.06, 0.06)),))
    blocked = CollisionChecker(PANDA, post)
    assert not blocked.collisions(over).any() and not blocked.collisions(under).any()
    modes = distinct_modes([over, under])
    assert len(modes) == 2
    assert separated(modes, blocked) and not separated(modes, CollisionChecker(PANDA, Scene()))
    assert not separated(modes[:1], blocked)
