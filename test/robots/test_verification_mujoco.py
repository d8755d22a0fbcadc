"""The judge against MuJoCo, which reads the same URDF on its own: they never differ by more than a millimetre."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import genmodels_ros.robots
from genmodels_ros.evaluation.independent_check import IndependentCheck
from genmodels_ros.robots.bspline import fit
from genmodels_ros.robots.collision import CONTACT_DISTANCE, CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.timing import time_parameterise
from genmodels_ros.robots.verification import verify

AGREEMENT = 1e-3  # m
ROBOTS = sorted(path.stem for path in Path(genmodels_ros.robots.__file__).parent.glob("*.yaml"))


@pytest.fixture(scope="module", params=ROBOTS)
def robot(request):
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
    assert 0.01 < touching.mean() < 0.99
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
