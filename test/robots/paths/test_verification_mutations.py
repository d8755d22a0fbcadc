"""Good motions broken in every way that occurs: none may pass."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.collision.geometry import link_points, load_geometry
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.paths.bspline import fit
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.paths.verification import densify, verify
from genmodels_ros.robots.trajectory import Trajectory

PANDA = load_robot("panda")
EMPTY = CollisionChecker(PANDA, Scene())
COLUMNS = ("positions", "velocities", "accelerations")
many = settings(max_examples=40, deadline=None, derandomize=True)


def make_motion() -> Trajectory:
    """All joints move, by way of a third configuration."""
    goal = PANDA.ready + np.array([1.2, 0.4, -0.3, 0.5, 0.4, 0.6, -0.5])
    via = PANDA.ready + np.array([0.4, 0.5, 0.2, 0.6, -0.3, 0.2, 0.4])
    path = fit(np.stack([PANDA.ready, via, goal]), 12)
    return time_parameterise(path, PANDA.limits, joint_names=PANDA.joint_names)


MOTION = make_motion()
LAST = len(MOTION.time_from_start) - 1


def judge(motion: Trajectory, scene: Scene | None = None) -> ErrorCode:
    return verify(motion, PANDA, scene or EMPTY.scene, checker=None if scene else EMPTY).code


def changed(name: str, change) -> Trajectory:
    """The motion with a change to a copy of one of its arrays."""
    values = getattr(MOTION, name).copy()
    change(values)
    return replace(MOTION, **{name: values})


def test_the_motion_itself_is_good():
    assert judge(MOTION) == ErrorCode.SUCCESS


@many
@given(st.integers(0, LAST), st.integers(0, 6), st.floats(0.005, 1.0), st.sampled_from([-1, 1]))
def test_one_point_shifted(index, joint, by, sign):
    def shift(values):
        values[index, joint] += sign * by

    assert judge(changed("positions", shift)) == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


@many
@given(st.integers(0, LAST), st.integers(0, 6), st.floats(0.5, 10.0), st.sampled_from([-1, 1]))
def test_one_velocity_wrong(index, joint, by, sign):
    def shift(values):
        values[index, joint] += sign * by

    assert judge(changed("velocities", shift)) == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


@many
@example(0.95)
@given(st.floats(0.05, 0.95))
def test_time_squeezed(factor):
    squeezed = replace(
        MOTION,
        time_from_start=MOTION.time_from_start * factor,
        velocities=MOTION.velocities / factor,
        accelerations=MOTION.accelerations / factor**2,
    )
    assert judge(squeezed) == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


@many
@given(st.floats(0.1, 0.9) | st.floats(1.2, 5.0))
def test_time_scaled_but_not_the_derivatives(factor):
    assert judge(replace(MOTION, time_from_start=MOTION.time_from_start * factor)) != ErrorCode.SUCCESS


@many
@given(st.permutations(range(7)).filter(lambda order: order[3] != 3))
def test_columns_swapped(order):
    """The elbow bends one way only: no other joint's angles do for it."""
    swapped = replace(MOTION, **{name: getattr(MOTION, name)[:, order] for name in COLUMNS})
    assert judge(swapped) == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


@many
@given(st.permutations(PANDA.joint_names).filter(lambda names: tuple(names) != PANDA.joint_names))
def test_names_swapped(names):
    assert judge(replace(MOTION, joint_names=tuple(names))) == ErrorCode.UNKNOWN_JOINT


@many
@given(st.sampled_from(("time_from_start", *COLUMNS)), st.integers(0, LAST), st.sampled_from([np.nan, np.inf]))
def test_a_number_that_is_none(name, index, value):
    def plant(values):
        values[index] = value

    assert judge(changed(name, plant)) == ErrorCode.NOT_FINITE


@many
@given(st.integers(1, LAST), st.floats(0, 1))
def test_time_that_does_not_rise(index, share):
    def turn_back(times):
        times[index] = share * times[index - 1]

    assert judge(changed("time_from_start", turn_back)) == ErrorCode.WRONG_LENGTH


@many
@given(st.integers(5, LAST - 5))
def test_cut_off_in_full_motion(index):
    for part in (slice(None, index), slice(index, None)):
        cut = {name: getattr(MOTION, name)[part] for name in COLUMNS}
        times = MOTION.time_from_start[part]
        code = judge(Trajectory(PANDA.joint_names, times - times[0], **cut))
        assert code == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


@pytest.fixture(scope="module")
def body_points() -> dict[str, np.ndarray]:
    """A point well inside each link that must not touch obstacles, in its frame, m."""
    points = link_points(*load_geometry(PANDA.source.urdf, PANDA.source.folder))
    return {link: points[link].mean(axis=0) for link in PANDA.obstacle_links}


@many
@given(st.floats(0, 1), st.sampled_from(PANDA.obstacle_links), st.floats(1e-3, 0.3))
def test_an_obstacle_on_the_way(body_points, when, link, radius):
    """However small, and wherever along the way, also between two points."""
    _, dense = densify(MOTION, 0.002)
    q = dense[round(when * (len(dense) - 1))]
    pose = link_pose(PANDA.chain, _tensor(q), link).numpy()
    center = pose[:3, :3] @ body_points[link] + pose[:3, 3]
    assert judge(MOTION, Scene((Sphere(center, radius),))) == ErrorCode.TRAJECTORY_IN_COLLISION


def _tensor(q):
    import torch

    return torch.as_tensor(q)


@many
@given(st.floats(40.0, 1e9), st.sampled_from([-1, 1]))
def test_a_joint_beyond_its_limits_between_points_alone(interval, sign):
    """It swings out and back between two points of one position, and passes it midway and at both quarters."""
    speed, rate = sign * 2.0, sign * 2.0 * 50 / 3 / interval
    time = np.array([0.0, 3.0, 3.0 + interval, 6.0 + interval])
    q, velocities, accelerations = np.tile(PANDA.ready, (4, 1)), np.zeros((4, 7)), np.zeros((4, 7))
    velocities[1:3, 0], accelerations[1:3, 0] = speed, (-rate, rate)
    swing = Trajectory(PANDA.joint_names, time, q, velocities, accelerations)
    assert judge(swing) == ErrorCode.TRAJECTORY_EXCEEDS_LIMITS


def test_a_motion_too_long_to_be_looked_at_is_refused():
    """Its limits apart, which the question of contact leaves aside: it would fill the memory."""
    far = changed("positions", lambda q: q.__setitem__((50, 0), 1e9))
    with pytest.raises(GenModelsError, match="too far to be checked"):
        densify(far)
