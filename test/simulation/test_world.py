import math
from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.floor.layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.floor.plan import FloorPlan, Walker, plan_from_segments, wall
from genmodels_ros.simulation.scenes import Base, Imu, Lidar, WorldDescription
from genmodels_ros.simulation.world import World

WIDTH, DEPTH = 6.0, 4.0
ROOM = plan_from_segments([(0, 0, WIDTH, 0), (WIDTH, 0, WIDTH, DEPTH), (WIDTH, DEPTH, 0, DEPTH), (0, DEPTH, 0, 0)])
EXACT = WorldDescription(floor=ROOM, base=Base(slip=0.0, latency=0.0), lidar=Lidar(noise=0.0), camera=None)


def drive(world: World, v: float, w: float, duration: float) -> None:
    world.base.set_command(v, w)
    world.advance(duration)


def distance_to_room(x: float, y: float, angle: float) -> float:
    """From inside the room to the inner faces of its walls."""
    half = 0.06
    c, s = math.cos(angle), math.sin(angle)
    to_x = ((WIDTH - half - x) if c > 0 else (half - x)) / c if abs(c) > 1e-12 else math.inf
    to_y = ((DEPTH - half - y) if s > 0 else (half - y)) / s if abs(s) > 1e-12 else math.inf
    return min(to_x, to_y)


@pytest.mark.parametrize("pose", [(3.0, 2.0, 0.0), (1.3, 2.9, 0.7), (4.9, 0.8, -2.5)])
def test_scan_equals_analytic_distances(pose):
    world = World(EXACT, base_pose=pose)
    lidar = EXACT.lidar
    angles = pose[2] + lidar.angle_min + lidar.angle_increment * np.arange(lidar.num_beams)
    expected = [distance_to_room(pose[0], pose[1], angle) for angle in angles]
    np.testing.assert_allclose(world.scan(), expected, atol=1e-6)


def test_beams_beyond_range_miss_and_noise_has_its_spread():
    short = World(replace(EXACT, lidar=Lidar(noise=0.0, range_max=1.0)), base_pose=(3.0, 2.0, 0.0))
    assert np.isinf(short.scan()).all()
    exact, noisy = (World(replace(EXACT, lidar=Lidar(noise=n)), base_pose=(3.0, 2.0, 0.0)) for n in (0.0, 0.02))
    errors = np.concatenate([noisy.scan() - exact.scan() for _ in range(20)])
    assert abs(errors.mean()) < 0.001 and errors.std() == pytest.approx(0.02, rel=0.05)


def test_drives_a_metre_in_the_commanded_time():
    world = World(EXACT, base_pose=(1.0, 2.0, 0.0))
    drive(world, 0.5, 0.0, 2.0 + 0.5 / EXACT.base.max_acceleration / 2)  # the ramp costs half its duration
    x, y, yaw = world.base.pose
    assert x == pytest.approx(2.0, abs=0.03) and y == pytest.approx(2.0, abs=1e-3) and yaw == pytest.approx(0, abs=1e-3)
    assert world.base.odometry().pose == pytest.approx((x, y, yaw), abs=0.015)


def test_turns_at_the_commanded_rate():
    world = World(EXACT, base_pose=(3.0, 2.0, 0.0))
    drive(world, 0.0, 1.0, 1.0)
    start = world.base.pose[2]
    world.advance(1.0)
    assert world.base.pose[2] - start == pytest.approx(1.0, abs=0.02)
    assert np.hypot(world.base.pose[0] - 3.0, world.base.pose[1] - 2.0) < 0.005


def test_command_waits_for_its_latency():
    world = World(replace(EXACT, base=Base(slip=0.0, latency=0.2)), base_pose=(3.0, 2.0, 0.0))
    drive(world, 0.5, 0.0, 0.2)
    assert world.base.twist[0] == pytest.approx(0.0, abs=1e-6)
    world.advance(0.1)
    assert world.base.twist[0] > 0.02


def test_slip_makes_odometry_drift_within_reason():
    drifts = []
    for seed in range(6):
        world = World(replace(EXACT, base=Base(slip=0.05)), seed=seed, base_pose=(1.0, 2.0, 0.0))
        drive(world, 0.5, 0.0, 6.0)
        drifts.append(math.dist(world.base.pose[:2], world.base.odometry().pose[:2]))
    assert 0.01 < np.mean(drifts) < 0.3


def test_odometry_measures_the_wheels_not_the_floor():
    speeds = []
    for seed in range(4):
        world = World(replace(EXACT, base=Base(slip=0.1)), seed=seed, base_pose=(1.0, 2.0, 0.0))
        drive(world, 0.5, 0.0, 3.0)
        assert world.base.odometry().twist[0] == pytest.approx(0.5, rel=0.05)
        speeds.append(world.base.twist[0])
    assert np.std(speeds) > 0.03


def test_a_skid_loses_most_of_the_motion_for_a_second_and_odometry_does_not_see_it():
    world = World(replace(EXACT, base=Base(slip=0.0, latency=0.0, skids=0.5)), seed=3, base_pose=(1.0, 2.0, 0.0))
    world.base.set_command(0.3, 0.0)
    world.advance(1.0)
    speeds, measured = [], []
    for _ in range(400):
        world.step()
        speeds.append(world.base.twist[0])
        measured.append(world.base.odometry().twist[0])
    slow = np.array(speeds) < 0.2
    assert 0.1 < slow.mean() < 0.7 and min(speeds) >= 0.3 * 0.1 - 0.02
    lengths = np.diff(np.flatnonzero(np.diff(slow.astype(int), prepend=0, append=0)))[::2] * 0.02
    assert lengths.max() == pytest.approx(1.0, abs=0.1)
    assert np.median(measured) == pytest.approx(0.3, abs=0.03)


def test_wall_stops_the_base_and_is_reported():
    world = World(EXACT, base_pose=(WIDTH - 1.0, 2.0, 0.0))
    assert not world.base.touching
    drive(world, 0.6, 0.0, 4.0)
    assert world.base.touching and world.base.touched() == ["wall_1"]
    assert world.base.pose[0] == pytest.approx(WIDTH - 0.06 - 0.2, abs=0.01)
    assert abs(world.base.odometry().twist[0]) < 0.02


def test_full_speed_tunnels_through_nothing():
    thin = wall((3.0, 0.0, 3.0, 4.0), thickness=0.03)
    world = World(replace(EXACT, floor=FloorPlan(ROOM.bounds, (*ROOM.walls, thin))), base_pose=(1.0, 2.0, 0.3))
    drive(world, 0.6, 0.0, 8.0)
    assert world.base.pose[0] < 3.0 and world.base.touching


def test_people_walk_at_their_speed_turn_and_rest():
    walker = Walker(((1.0, 1.0), (4.0, 1.0), (4.0, 3.0)), speed=0.8, pause=1.0)
    world = World(replace(EXACT, floor=ROOM.with_walkers([walker])), base_pose=(1.0, 3.0, 0.0))
    world.advance(2.0)
    assert world.walker_poses()[0] == pytest.approx((2.6, 1.0, 0.0), abs=0.02)
    world.advance(3.0)
    assert world.walker_poses()[0] == pytest.approx((4.0, 2.0, math.pi / 2), abs=0.02)
    world.advance(1.25 + 1.0 + 1.25)
    assert world.walker_poses()[0] == pytest.approx((4.0, 2.0, -math.pi / 2), abs=0.04)


def test_people_are_seen_and_running_into_them_is_reported():
    walker = Walker(((4.0, 2.0), (4.0, 2.1)), speed=0.3, radius=0.25, pause=100.0)
    world = World(replace(EXACT, floor=ROOM.with_walkers([walker])), base_pose=(2.0, 2.0, 0.0))
    assert world.scan()[180] == pytest.approx(4.0 - 0.25 - 2.0, abs=1e-6)
    drive(world, 0.5, 0.0, 4.0)
    assert "person_0_body" in world.base.touched()


@pytest.mark.parametrize("yields", [False, True])
def test_people_yield_only_when_told_to(yields):
    walker = Walker(((5.0, 2.0), (1.0, 2.0)), speed=0.5, pause=100.0)
    description = replace(EXACT, floor=ROOM.with_walkers([walker]), people_yield=yields)
    world = World(description, base_pose=(3.0, 2.0, 0.0))
    touched = False
    for _ in range(60):
        world.advance(0.1)
        touched |= world.base.touching
    assert touched is not yields


def test_same_seed_same_run_other_seed_another():
    def run(seed):
        world = World(WorldDescription(floor=random_floor_plan(4), camera=None), seed=seed)
        drive(world, 0.4, 0.3, 3.0)
        return world, np.concatenate([world.scan(), world.base.pose, world.base.odometry().pose])

    world, first = run(1)
    np.testing.assert_array_equal(first, run(1)[1])
    assert not np.array_equal(first, run(2)[1])
    world.reset()
    drive(world, 0.4, 0.3, 3.0)
    np.testing.assert_array_equal(first, np.concatenate([world.scan(), world.base.pose, world.base.odometry().pose]))


def test_base_starts_free_in_every_plan():
    for plan in [demo_floor_plan(), *map(random_floor_plan, range(12))]:
        world = World(WorldDescription(floor=plan, camera=None), seed=5)
        world.step()
        assert not world.base.touching
        assert np.nanmin(world.scan()) > 0.25


@pytest.mark.parametrize("command", [(math.nan, 0.0), (0.1, math.inf)])
def test_refuses_commands_that_are_no_numbers(command):
    with pytest.raises(GenModelsError) as caught:
        World(EXACT, base_pose=(3.0, 2.0, 0.0)).base.set_command(*command)
    assert caught.value.code == ErrorCode.NOT_FINITE


def test_imu_feels_gravity_turns_and_speeding_up():
    imu = Imu(position=(0.0, 0.0, 0.1), acceleration_noise=0.0, angular_velocity_noise=0.0)
    world = World(replace(EXACT, imu=imu), base_pose=(1.0, 2.0, 0.7))
    world.advance(0.2)
    acceleration, angular_velocity = world.imu()
    np.testing.assert_allclose(acceleration, [0, 0, 9.81], atol=1e-3)
    np.testing.assert_allclose(angular_velocity, 0, atol=1e-6)
    drive(world, 0.5, 0.0, 0.3)
    assert world.imu()[0][0] == pytest.approx(EXACT.base.max_acceleration, rel=0.2), "along its own x axis"
    drive(world, 0.0, 1.0, 1.5)
    assert world.imu()[1] == pytest.approx([0, 0, 1.0], abs=0.02)


def test_imu_has_its_noise():
    imu = Imu(acceleration_noise=0.05, angular_velocity_noise=0.01)
    world = World(replace(EXACT, imu=imu), base_pose=(3.0, 2.0, 0.0))
    world.advance(0.1)
    samples = np.array([np.concatenate(world.imu()) for _ in range(400)])
    np.testing.assert_allclose(samples.std(axis=0), [0.05] * 3 + [0.01] * 3, rtol=0.15)
