"""The second opinion finds what is planted, in space and in time, and passes what is right."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genmodels_ros.evaluation.arm import independent_check
from genmodels_ros.evaluation.arm.independent_check import IndependentCheck, exceeded_limits, interpolate, thinned
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Scene, Sphere
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.trajectory import Trajectory

PANDA = load_robot("panda")
BALL = Scene((Sphere((0.307, 0.0, 0.55), 0.02),))


@pytest.fixture(scope="module")
def swing() -> Trajectory:
    """The base joint by 1.6 rad about the ready pose."""
    start, goal = PANDA.ready.copy(), PANDA.ready.copy()
    start[0], goal[0] = -0.8, 0.8
    return time_parameterise(straight_line(start, goal, 16), PANDA.limits, joint_names=PANDA.joint_names)


def test_a_good_motion_passes(swing):
    findings = IndependentCheck(PANDA, Scene((Box((1.5, 0.0, 0.5), (0.2, 4.0, 2.0)),))).examine(swing)
    assert findings.penetration == 0 and not findings.contact and not findings.limits


def test_a_planted_obstacle_is_found_with_its_depth(swing):
    findings = IndependentCheck(PANDA, BALL).examine(swing)
    assert "obstacle 0" in findings.contact and "panda_hand" in findings.contact and not findings.limits
    assert 0.01 < findings.penetration < 0.06


def test_the_arm_must_not_touch_itself():
    folded = PANDA.ready.copy()
    folded[[1, 3, 5]] = 1.7, -3.0, 0.0
    gaps = IndependentCheck(PANDA, Scene()).gaps(np.stack([PANDA.ready, folded]))
    assert gaps[0] == np.inf and gaps[1] < 0


def test_the_mount_may_stand_on_a_table_and_other_links_may_not_touch_it():
    check = IndependentCheck(PANDA, Scene((Box((0.0, 0.0, -0.05), (2.0, 2.0, 0.1)),)))
    low = PANDA.ready.copy()
    low[1] = 1.2
    assert check.gaps(np.stack([PANDA.ready, low])).tolist()[0] == np.inf and check.gaps(low[None])[0] < 0


def test_fingers_stand_where_they_are_told():
    beside = Scene((Box((0.307, 0.0, 0.5), (0.02, 0.09, 0.01)),))
    narrow, wide = (load_robot("panda", width) for width in (0.02, 0.06))
    gaps = [IndependentCheck(robot, beside, margin=0.1).gaps(PANDA.ready[None])[0] for robot in (narrow, wide)]
    assert gaps[0] < -0.01 < gaps[1]


@pytest.mark.parametrize(
    "broken, limit",
    [
        (lambda m: replace(m, time_from_start=m.time_from_start * 0.9, velocities=m.velocities / 0.9,
                           accelerations=m.accelerations / 0.81), "velocity"),
        (lambda m: replace(m, positions=m.positions + 2.5 * np.eye(7)[0]), "position"),
        (lambda m: replace(m, positions=m.positions + 0.01 * (np.arange(len(m.positions)) == 40)[:, None]), "jerk"),
        (lambda m: replace(m, positions=m.positions[5:], velocities=m.velocities[5:], accelerations=m.accelerations[5:],
                           time_from_start=m.time_from_start[:-5]), "rest"),
    ],
    ids=["too fast", "beyond a limit", "a jump", "no rest"],
)  # fmt: skip
def test_broken_limits_are_named(swing, broken, limit):
    assert limit in IndependentCheck(PANDA, Scene()).examine(broken(swing)).limits
    assert exceeded_limits(interpolate(swing), PANDA) == ()


def test_interpolation_is_the_quintic_and_steps_are_short(swing):
    t = np.linspace(0, 2, 11)
    power = np.arange(6)
    values = [np.stack([(t**k)[:, None] for k in power]), None, None]
    values[1] = np.stack([(k * t ** max(k - 1, 0))[:, None] for k in power])
    values[2] = np.stack([(k * (k - 1) * t ** max(k - 2, 0))[:, None] for k in power])
    p, v, a = (np.tensordot([0.3, -1.0, 0.5, 0.2, -0.4, 0.1], value, 1) for value in values)
    q = interpolate(Trajectory(("joint",), t, p, v, a), 0.01)
    fine = np.arange(len(q)) * 0.01
    np.testing.assert_allclose(q[:-1, 0], np.polyval([0.1, -0.4, 0.2, 0.5, -1.0, 0.3], fine[:-1]), atol=1e-9)
    dense = thinned(interpolate(swing))
    assert np.abs(np.diff(dense, axis=0)).max() <= 0.01 + 1e-9
    np.testing.assert_allclose(dense[[0, -1]], swing.positions[[0, -1]], atol=1e-9)


def test_many_obstacles_at_once_are_no_trouble():
    rng = np.random.default_rng(0)
    crowd = Scene(tuple(Sphere(rng.uniform(-0.6, 0.6, 3), 0.4) for _ in range(500)))
    assert (IndependentCheck(PANDA, crowd).gaps(PANDA.ready[None]) < -0.3).all()


def test_nothing_is_shared_with_the_verification():
    tree = ast.parse(Path(independent_check.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    facts = {f"genmodels_ros.robots.{name}" for name in ("description", "obstacles", "packages", "trajectory")}
    assert {module for module in modules if "genmodels" in module} == facts | {"genmodels_ros.errors"}
