"""The exact checker against brute force, MuJoCo and coal; the sphere bound against the exact answer."""

import json
from pathlib import Path

import mujoco
import numpy as np
import pytest

from genmodels_ros.robots.collision import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere

PROBLEMS = Path(__file__).parents[3] / "shared" / "data" / "planning"
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


def test_min_clearance_agrees_with_brute_force(panda):
    checker, q = CollisionChecker(panda, CLUTTER), configurations(panda, 200)
    q = q[~checker.collisions(q)][:40]
    assert checker.min_clearance(q) == pytest.approx(min(checker.clearance(row) for row in q), abs=1e-9)


def mujoco_world(robot, scene):
    """The same robot and obstacles, read by MuJoCo from the URDF."""
    compiler = (
        f'<mujoco><compiler meshdir="{robot.package_folder}" strippath="false" discardvisual="true" fusestatic="false" '
        'balanceinertia="true" boundmass="0.01" boundinertia="0.0001"/></mujoco>'
    )
    text = robot.urdf.read_text().replace("package://", "").replace("</robot>", compiler + "</robot>")
    spec = mujoco.MjSpec.from_string(text)
    for index, obstacle in enumerate(scene.obstacles):
        x, y, z, w = getattr(obstacle, "quat_xyzw", (0, 0, 0, 1))
        if isinstance(obstacle, Box):
            kind, size = mujoco.mjtGeom.mjGEOM_BOX, obstacle.dims / 2
        elif isinstance(obstacle, Cylinder):
            kind, size = mujoco.mjtGeom.mjGEOM_CYLINDER, [obstacle.radius, obstacle.height / 2, 0]
        else:
            kind, size = mujoco.mjtGeom.mjGEOM_SPHERE, [obstacle.radius, 0, 0]
        spec.worldbody.add_geom(name=f"obstacle{index}", type=kind, size=size, pos=obstacle.center, quat=(w, x, y, z))
    return spec.compile()


def checked_geoms(model, robot):
    """Pairs of MuJoCo's geoms that must not touch."""
    on_link = {}
    for geom in range(model.ngeom):
        on_link.setdefault(model.body(model.geom_bodyid[geom]).name, []).append(geom)
    pairs = [(a, b) for one, other in robot.collision_pairs for a in on_link[one] for b in on_link[other]]
    return pairs + [(a, b) for link in robot.obstacle_links for a in on_link[link] for b in on_link["world"]]


def test_mujoco_agrees_that_what_is_free_is_free(panda):
    """Whatever the checker calls free does not touch in MuJoCo; what it calls touching is within 2 mm there."""
    model = mujoco_world(panda, CLUTTER)
    data, pairs = mujoco.MjData(model), checked_geoms(model, panda)
    fingers = [model.joint(name).qposadr[0] for name in panda.finger_joints]
    columns = [model.joint(name).qposadr[0] for name in panda.joint_names]
    checker, q = CollisionChecker(panda, CLUTTER), configurations(panda, 1000, seed=7)
    for row, collides in zip(q, checker.collisions(q), strict=True):
        data.qpos[columns], data.qpos[fingers] = row, panda.finger_position
        mujoco.mj_kinematics(model, data)
        gap = min(mujoco.mj_geomDistance(model, data, a, b, 0.005, None) for a, b in pairs)
        assert gap < 2e-3 if collides else gap > 0


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
