"""The judge against MuJoCo, which reads the same URDF on its own: they never differ by more than a millimetre."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import genmodels_ros.robots
from genmodels_ros.evaluation.arm.independent_check import IndependentCheck
from genmodels_ros.robots.collision.checker import CONTACT_DISTANCE, CollisionChecker
from genmodels_ros.robots.description import load_robot, load_robot_from_description
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths.bspline import fit
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.paths.verification import verify
from genmodels_ros.robots.trajectory import Trajectory

AGREEMENT = 1e-3  # m
ROBOTS = sorted(path.stem for path in Path(genmodels_ros.robots.__file__).parent.glob("*.yaml"))

# An arm with a joint that follows another one, a finger that follows a held one, a tilted axis, a turned base.
BAR = '<collision><origin xyz="0.2 0 0"/><geometry><box size="0.4 0.06 0.08"/></geometry></collision>'
FOLLOWING = f"""<robot name="following">
  <link name="world"/><link name="base">{BAR}</link><link name="upper">{BAR}</link><link name="middle">{BAR}</link>
  <link name="lower">{BAR}</link><link name="left">{BAR}</link><link name="right">{BAR}</link>
  <joint name="mount" type="fixed"><parent link="world"/><child link="base"/>
    <origin xyz="0.1 0 0.3" rpy="0 0.1 0.2"/></joint>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/>
    <origin xyz="0 0 0.2"/><axis xyz="0 1 1"/><limit lower="-2.5" upper="2.5" velocity="2" effort="1"/></joint>
  <joint name="follower" type="revolute"><parent link="upper"/><child link="middle"/>
    <origin xyz="0.4 0 0"/><axis xyz="0 0 1"/><limit lower="-3" upper="3" velocity="2" effort="1"/>
    <mimic joint="shoulder" multiplier="-0.7" offset="0.4"/></joint>
  <joint name="elbow" type="revolute"><parent link="middle"/><child link="lower"/>
    <origin xyz="0.4 0 0"/><axis xyz="0 1 0"/><limit lower="-2" upper="2" velocity="2" effort="1"/></joint>
  <joint name="left_finger" type="prismatic"><parent link="lower"/><child link="left"/>
    <origin xyz="0.4 0.1 0"/><axis xyz="0 1 0"/><limit lower="0" upper="0.1" velocity="1" effort="1"/></joint>
  <joint name="right_finger" type="prismatic"><parent link="lower"/><child link="right"/>
    <origin xyz="0.4 -0.1 0"/><axis xyz="0 -1 0"/><limit lower="0" upper="0.1" velocity="1" effort="1"/>
    <mimic joint="left_finger"/></joint>
</robot>"""
SPHERES = [[x, 0.0, 0.0, 0.08] for x in (0.05, 0.15, 0.25, 0.35)]
SETTINGS = {
    "description": {"urdf": "robot_description"},
    "base_frame": "base", "tool_frame": "lower", "joints": ["shoulder", "elbow"],
    "finger_joints": ["left_finger"], "finger_position": 0.05, "ready": [0.0, 0.5], "mounted_links": ["base"],
    "spheres": {link: SPHERES for link in ("base", "upper", "middle", "lower", "left", "right")},
    "limits": {"lower": [-2.5, -2.0], "upper": [2.5, 2.0], "velocity": [2.0] * 2, "acceleration": [5.0] * 2,
               "jerk": [500.0] * 2},
}  # fmt: skip


@pytest.fixture(scope="module", params=[*ROBOTS, "following"])
def robot(request):
    if request.param == "following":
        return load_robot_from_description(FOLLOWING, SETTINGS)
    return load_robot(request.param)


def random_scene(rng, count=9) -> Scene:
    """Boxes, cylinders and spheres of 4 to 60 cm in any orientation, in reach."""
    obstacles = []
    for index in range(count):
        angle, radius = rng.uniform(-np.pi, np.pi), rng.uniform(0.25, 0.8)
        center = (radius * np.cos(angle), radius * np.sin(angle), rng.uniform(0.0, 1.0))
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        obstacles.append(
            (
                lambda c, q: Box(c, rng.uniform(0.04, 0.4, 3), q),
                lambda c, q: Cylinder(c, rng.uniform(0.02, 0.15), rng.uniform(0.05, 0.6), q),
                lambda c, q: Sphere(c, rng.uniform(0.03, 0.2)),
            )[index % 3](center, quaternion)
        )
    return Scene(tuple(obstacles))


def configurations(robot, rng, count):
    return rng.uniform(robot.limits.lower, robot.limits.upper, (count, robot.num_joints))


@pytest.mark.parametrize("seed", range(6))
def test_contact_is_contact_for_both(robot, seed):
    """What is free keeps the contact distance in MuJoCo, what touches is within it, each to a millimetre."""
    rng = np.random.default_rng(seed)
    scene = random_scene(rng) if seed else Scene()
    q = configurations(robot, rng, 700)
    touching = CollisionChecker(robot, scene).collisions(q)
    gaps = IndependentCheck(robot, scene, margin=0.01).gaps(q)
    assert touching.mean() < 0.99 and (touching.any() or not scene.obstacles)
    assert (gaps[~touching] > CONTACT_DISTANCE - AGREEMENT).all()
    assert (gaps[touching] < CONTACT_DISTANCE + AGREEMENT).all()


def test_distances_are_the_same_for_both(robot):
    """Of near misses; of what touches, searches for the depth may stop at different directions."""
    rng, compared = np.random.default_rng(1), 0
    alone = replace(robot, collision_pairs=())  # clearance is that of obstacles
    for _ in range(4):
        scene = random_scene(rng)
        q = configurations(robot, rng, 500)
        theirs = IndependentCheck(alone, scene, margin=0.02).gaps(q)
        checker = CollisionChecker(robot, scene)
        near = (theirs > 0) & (theirs < 0.02)
        compared += near.sum()
        ours = [checker.clearance(row) for row in q[near]]
        np.testing.assert_allclose(ours, theirs[near], atol=AGREEMENT)
        assert checker.min_clearance(q[np.isinf(theirs)]) > 0.02 - AGREEMENT
    assert compared > 60


def test_motions_are_judged_alike(robot):
    """A verified motion has no fault in MuJoCo; one that goes deep into something there is never verified."""
    rng, verdicts = np.random.default_rng(2), []
    for _ in range(4):
        scene = random_scene(rng, count=4)
        checker, second_opinion = CollisionChecker(robot, scene), IndependentCheck(robot, scene)
        for _ in range(8):
            path = fit(configurations(robot, rng, 2), 8)
            motion = time_parameterise(path, robot.limits, joint_names=robot.joint_names)
            verdict, findings = verify(motion, robot, scene, checker=checker), second_opinion.examine(motion)
            assert not findings.limits
            if verdict.valid:
                assert not findings.contact
            if findings.penetration > 0.02:
                assert not verdict.valid
            verdicts.append(verdict.valid)
    assert 0 < sum(verdicts) < len(verdicts)


def test_coarse_motions_are_judged_alike(robot):
    """A few points, seconds apart, at any speed: what happens between them is what counts."""
    rng, scene, joints = np.random.default_rng(3), random_scene(np.random.default_rng(3), count=3), robot.num_joints
    checker, second_opinion, verdicts = CollisionChecker(robot, scene), IndependentCheck(robot, scene), []
    for _ in range(120):
        count = rng.integers(2, 6)
        time = np.concatenate([[0.0], rng.uniform(0.3, 6.0, count - 1).cumsum()])
        q = robot.ready + rng.normal(0, rng.choice([0.05, 0.3, 0.8]), (count, joints))
        velocities = rng.normal(0, rng.choice([0.0, 0.2, 0.6]), (count, joints))
        accelerations = rng.normal(0, rng.choice([0.0, 0.5]), (count, joints))
        velocities[[0, -1]] = accelerations[[0, -1]] = 0
        motion = Trajectory(robot.joint_names, time, q, velocities, accelerations)
        verdict, findings = verify(motion, robot, scene, checker=checker), second_opinion.examine(motion)
        if verdict.valid:
            assert not findings.contact and not findings.limits
        if findings.limits:
            assert not verdict.valid
        verdicts.append(verdict.valid)
    assert 0.05 < np.mean(verdicts) < 0.95
