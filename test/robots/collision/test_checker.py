"""The exact checker against brute force; test_verification_mujoco.py has it against MuJoCo."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genmodels_ros.robots.collision.checker import CONTACT_DISTANCE, CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, LinkMargin, Scene, Sphere

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


# --- Contacts that are allowed, and margins


def letting(touch_links) -> Scene:
    touch_links = tuple(touch_links)
    return Scene(tuple(replace(obstacle, touch_links=touch_links) for obstacle in CLUTTER.obstacles))


def only(link: str, robot) -> Scene:
    """The clutter for one link alone."""
    return letting(name for name in robot.obstacle_links if name != link)


def test_the_arm_touches_where_a_link_does_that_must_not(panda):
    allowed, q = ("panda_hand", "panda_leftfinger", "panda_link4"), configurations(panda, 1000)
    checker = CollisionChecker(panda, letting(allowed))
    single = np.array([checker.in_collision(row) for row in q])
    np.testing.assert_array_equal(checker.collisions(q), single)
    others = [CollisionChecker(panda, only(link, panda)) for link in panda.obstacle_links if link not in allowed]
    np.testing.assert_array_equal(single, np.any([other.collisions(q) for other in others], axis=0))
    all_of_it = CollisionChecker(panda, CLUTTER).collisions(q)
    assert (all_of_it & ~single).sum() > 10 and not (single & ~all_of_it).any()
    free = q[~single][:40]
    assert checker.min_clearance(free) == pytest.approx(min(checker.clearance(row) for row in free), abs=1e-9)


def test_what_may_be_touched_by_all_is_not_there(panda):
    checker, q = CollisionChecker(panda, letting(panda.obstacle_links)), configurations(panda, 300)
    np.testing.assert_array_equal(checker.collisions(q), CollisionChecker(panda, Scene()).collisions(q))
    assert checker.min_clearance(q) == np.inf == checker.clearance(q[0])


def test_links_that_may_touch_each_other_are_not_checked(panda):
    folded = panda.ready.copy()
    folded[[1, 3, 5]] = 1.7, -3.0, 0.0
    allowed = []
    while contact := CollisionChecker(panda, Scene(allowed=tuple(allowed))).contact(folded):
        pair = tuple(contact.split(" touches "))
        assert pair not in allowed
        allowed.append(pair)
    assert 0 < len(allowed) < len(panda.collision_pairs)


@pytest.mark.parametrize("padding", [0.01, 0.06])
def test_a_padded_link_touches_what_is_nearer_than_its_padding(panda, padding):
    scene, q = only("panda_link7", panda), configurations(panda, 500)
    q = q[~CollisionChecker(panda, Scene()).collisions(q)]
    bare = CollisionChecker(panda, scene)
    checker = CollisionChecker(panda, scene + Scene(margins=(LinkMargin("panda_link7", padding),)))
    clearance = np.array([bare.clearance(row) for row in q])
    sure = np.abs(clearance - CONTACT_DISTANCE - padding) > 1e-5
    expected = clearance < CONTACT_DISTANCE + padding
    assert (expected & (clearance > CONTACT_DISTANCE)).sum() > 5, "some are refused for their padding alone"
    single = np.array([checker.in_collision(row) for row in q])
    np.testing.assert_array_equal(single[sure], expected[sure])
    np.testing.assert_array_equal(checker.collisions(q)[sure], expected[sure])
    assert checker.first_contact_on_the_way(np.repeat(q[~expected & sure][:1], 2, axis=0)) is None
    nearest = q[expected][:1]
    index, contact = checker.first_contact_on_the_way(np.repeat(nearest, 2, axis=0))
    assert index == 0 and f"padded by {padding} m" in contact
    free = q[~single][:40]
    assert checker.min_clearance(free) == pytest.approx(bare.min_clearance(free)), "the distance is the link's own"
    again = [checker.in_collision(row) for row in q]
    np.testing.assert_array_equal(single, again, "a look at one pair leaves the padding as it was")


def test_a_scaled_link_keeps_farther_away_and_no_link_from_the_arm_itself(panda):
    q = configurations(panda, 300)
    everything = Scene(margins=tuple(LinkMargin(link, 0.1, 1.5) for link in panda.chain.link_names))
    np.testing.assert_array_equal(
        CollisionChecker(panda, everything).collisions(q), CollisionChecker(panda, Scene()).collisions(q)
    )
    bare, scaled = (
        CollisionChecker(panda, only("panda_hand", panda) + Scene(margins=margins)).collisions(q)
        for margins in ((), (LinkMargin("panda_hand", scale=1.5),))
    )
    assert not (bare & ~scaled).any() and (scaled & ~bare).any()


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
