from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Box, Scene
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.simulation.arm.arm import interpolate
from genmodels_ros.simulation.floor.layouts import demo_floor_plan
from genmodels_ros.simulation.scenes import ArmCell, WorldDescription, demo_arm_scene
from genmodels_ros.simulation.world import World

mujoco = pytest.importorskip("mujoco")
ROBOT = load_robot()
SWING = np.array([0.8, 0.5, -0.4, 0.6, 0.3, 0.5, -0.7])


def quintic(start, goal, duration: float, num_points: int = 40) -> Trajectory:
    """From rest to rest with continuous acceleration."""
    s = np.linspace(0, 1, num_points)[:, None]
    step = np.asarray(goal) - start
    position = start + (10 * s**3 - 15 * s**4 + 6 * s**5) * step
    velocity = (30 * s**2 - 60 * s**3 + 30 * s**4) * step / duration
    acceleration = (60 * s - 180 * s**2 + 120 * s**3) * step / duration**2
    return Trajectory(ROBOT.joint_names, duration * s[:, 0], position, velocity, acceleration)


@pytest.fixture
def world():
    return World(WorldDescription(arm_cell=ArmCell(demo_arm_scene()), camera=None))


def test_holds_still_against_gravity(world):
    world.advance(1.0)
    np.testing.assert_allclose(world.arm.positions, ROBOT.ready, atol=1e-4)
    assert np.abs(world.arm.efforts).max() > 5.0 and not world.arm.touching


def test_tracks_a_trajectory_within_5_mrad_and_holds_its_end(world):
    goal = ROBOT.ready + SWING
    trajectory = quintic(ROBOT.ready, goal, 2.0)
    world.arm.set_trajectory(trajectory)
    start, errors = world.time, []
    while world.arm.is_moving:
        world.step()
        wanted = interpolate(trajectory, world.time - start)[0]
        errors.append(np.abs(world.arm.positions - wanted).max())
    assert max(errors) < 0.005
    world.advance(0.5)
    np.testing.assert_allclose(world.arm.positions, goal, atol=5e-4)
    assert np.abs(world.arm.velocities).max() < 1e-3


def test_joint_order_of_a_trajectory_does_not_matter(world):
    goal = ROBOT.ready + 0.3 * SWING
    t = quintic(ROBOT.ready, goal, 0.6)
    columns = {key: getattr(t, key)[:, ::-1] for key in ("positions", "velocities", "accelerations")}
    world.arm.set_trajectory(replace(t, joint_names=t.joint_names[::-1], **columns))
    world.advance(0.8)
    np.testing.assert_allclose(world.arm.positions, goal, atol=1e-3)


def test_planted_obstacle_is_touched_named_and_not_passed():
    scene = Scene((Box((0.25, 0.2, 0.5), (0.2, 0.05, 0.6), id="plank"),))
    world = World(WorldDescription(arm_cell=ArmCell(scene), camera=None))
    world.arm.set_trajectory(quintic(ROBOT.ready, ROBOT.ready + 1.2 * np.eye(7)[0], 2.0))
    world.advance(2.5)
    assert world.arm.contacts_seen and all(name.endswith(" – plank") for name in world.arm.contacts_seen)
    assert any(name.startswith(("panda_hand", "panda_leftfinger")) for name in world.arm.contacts_seen)
    assert world.data.body("arm_panda_hand").xpos[1] < 0.175
    assert np.isfinite(world.data.qpos).all()


def test_agrees_with_coal_on_what_touches(world):
    collision = pytest.importorskip("genmodels_ros.robots.collision.checker")
    checker = collision.CollisionChecker(ROBOT, demo_arm_scene())
    rng, seen = np.random.default_rng(3), {True: 0, False: 0}
    for _ in range(60):
        q = rng.uniform(ROBOT.limits.lower, ROBOT.limits.upper)
        if abs(checker.clearance(q)) < 0.002 and not checker.in_collision(q):
            continue
        world.arm.place(q)
        mujoco.mj_forward(world.model, world.data)
        world.arm.watch_contacts()
        assert bool(world.arm.touching) == checker.in_collision(q), (checker.contact(q), world.arm.touching)
        seen[bool(world.arm.touching)] += 1
    assert min(seen.values()) > 5


def test_refuses_what_it_cannot_follow(world):
    good = quintic(ROBOT.ready, ROBOT.ready + 0.1, 1.0)
    broken = good.positions.copy()
    broken[3, 2] = np.nan
    rest = (good.velocities, good.accelerations)
    cases = [
        (
            ErrorCode.MISSING_JOINT,
            Trajectory(("a", *good.joint_names[1:]), good.time_from_start, good.positions, *rest),
        ),
        (ErrorCode.NOT_FINITE, Trajectory(good.joint_names, good.time_from_start, broken, *rest)),
        (
            ErrorCode.TRAJECTORY_EXCEEDS_LIMITS,
            Trajectory(good.joint_names, good.time_from_start, good.positions + 0.5, *rest),
        ),
    ]
    for code, trajectory in cases:
        with pytest.raises(GenModelsError) as caught:
            world.arm.set_trajectory(trajectory)
        assert caught.value.code == code and not world.arm.is_moving


def test_same_run_twice(world):
    def run():
        world.reset()
        world.arm.set_trajectory(quintic(ROBOT.ready, ROBOT.ready + SWING, 0.5))
        world.advance(0.4)
        return world.arm.positions

    np.testing.assert_array_equal(run(), run())


def test_arm_and_base_share_a_world():
    cell = ArmCell(demo_arm_scene(), position=(8.0, 6.2, 0.72))
    world = World(WorldDescription(floor=demo_floor_plan(), arm_cell=cell, camera=None), base_pose=(1.0, 4.1, 0.0))
    world.base.set_command(0.5, 0.0)
    world.arm.set_trajectory(quintic(ROBOT.ready, ROBOT.ready + SWING, 1.0))
    world.advance(1.5)
    assert world.base.pose[0] > 1.4
    np.testing.assert_allclose(world.arm.positions, ROBOT.ready + SWING, atol=1e-3)
