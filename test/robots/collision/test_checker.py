"""The exact checker against brute force; test_verification_mujoco.py has it against MuJoCo."""

import json
from pathlib import Path

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere

PROBLEMS = Path(__file__).parents[4] / "shared" / "data" / "planning"
CLUTTER = Scene(
    (
        Box((0.5, 0.0, 0.2), (0.3, 0.6, 0.05), id="shelf"),
        Box((0.0, 0.6, 0.4), (0.2, 0.2, 0.8), (0.0, 0.0, 0.3826834, 0.9238795), id="post"),
        Cylinder((-0.4, -0.3, 0.3), 0.1, 0.6, (0.2588190, 0.0, 0.0, 0.9659258), id="pipe"),
        Cylinder((0.4, -0.4, 0.7), 0.05, 0.4, id="rod"),
        Sphere((0.3, 0.3, 0.8), 0.15, id="ball"),
    )
)


def configurations(robot, count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(robot.limits.lower, robot.limits.upper, size=(count, robot.num_joints))


def test_a_free_arm_is_free_and_a_planted_obstacle_is_named(panda):
    assert CollisionChecker(panda, Scene()).contact(panda.ready) is None
    at_the_hand = Scene((Sphere((0.307, 0.0, 0.55), 0.02, id="planted"),))
    assert CollisionChecker(panda, at_the_hand).contact(panda.ready) == "panda_hand touches planted"


def test_an_obstacle_inside_a_link_is_found(panda):
    assert CollisionChecker(panda, Scene((Sphere((0.0, 0.0, 0.25), 0.005),))).in_collision(panda.ready)


def test_self_collision_is_found(panda):
    folded = panda.ready.copy()
    folded[[1, 3, 5]] = 1.7, -3.0, 0.0
    contact = CollisionChecker(panda, Scene()).contact(folded)
    assert contact is not None and contact.count("panda_") == 2


def test_the_mount_may_touch_what_it_stands_on(panda):
    table = Scene((Box((0.0, 0.0, -0.05), (2.0, 2.0, 0.1)),))
    assert not CollisionChecker(panda, table).in_collision(panda.ready)


def test_batches_agree_with_single_checks(panda):
    checker, q = CollisionChecker(panda, CLUTTER), configurations(panda, 1500)
    single = np.array([checker.in_collision(row) for row in q])
    assert 0.2 < single.mean() < 0.95
    np.testing.assert_array_equal(checker.collisions(q), single)
    index, contact = checker.first_contact(q)
    assert index == np.flatnonzero(single)[0] and "touches" in contact
    assert checker.first_contact(q[~single]) is None
    paths = q[: 4 * (len(q) // 4)].reshape(-1, 4, 7)
    np.testing.assert_array_equal(checker.touching(paths), single[: 4 * len(paths)].reshape(-1, 4).any(axis=1))


def test_a_contact_between_two_configurations_is_found_where_they_come_close(panda):
    """A ball that the wrist brushes on its way; 2 mm from it at both ends."""
    step = np.array([0.05, 0, 0, 0, 0, 0, 0])
    ends = np.stack([panda.ready - step, panda.ready + step])
    checker = CollisionChecker(panda, Scene((Sphere((0.353, -0.004, 0.622), 0.002),)))
    assert checker.first_contact(ends) is None and checker.in_collision(panda.ready)
    assert checker.first_contact_on_the_way(ends) == (0, "panda_link7 touches sphere 0")
    away = CollisionChecker(panda, Scene((Sphere((0.383, -0.004, 0.622), 0.002),)))
    assert away.first_contact_on_the_way(ends) is None


def test_min_clearance_agrees_with_brute_force(panda):
    checker, q = CollisionChecker(panda, CLUTTER), configurations(panda, 200)
    q = q[~checker.collisions(q)][:40]
    assert checker.min_clearance(q) == pytest.approx(min(checker.clearance(row) for row in q), abs=1e-9)


@pytest.mark.parametrize("name", ["panda_shelf_and_table", "panda_spheres_and_boxes"])
def test_recorded_starts_and_goals_are_free(name):
    path = PROBLEMS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"optional data {path.name} is not here")
    for problem in json.loads(path.read_text()):
        checker = CollisionChecker(load_robot("panda", problem.get("finger_position")), scene_of(problem))
        for key in ("start", "goal_config"):
            assert checker.contact(np.array(problem[key])) is None, problem["id"]


def scene_of(problem):
    def xyzw(item):
        w, x, y, z = item["quat_wxyz"]
        return x, y, z, w

    return Scene(
        (
            *(Box(item["center"], item["dims"], xyzw(item)) for item in problem["boxes"]),
            *(Cylinder(item["center"], item["radius"], item["height"], xyzw(item)) for item in problem["cylinders"]),
            *(Sphere(item["center"], item["radius"]) for item in problem["spheres"]),
        )
    )
