"""Several bases on one floor: each moves by its own commands, and is there for the others."""

from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.catalogue import DEMO_START, describe_world, start_poses
from genmodels_ros.simulation.floor.plan import Walker, plan_from_segments
from genmodels_ros.simulation.scenes import Base, Imu, LabelClass, Lidar, WorldDescription
from genmodels_ros.simulation.world import World

ROOM = plan_from_segments([(0, 0, 6, 0), (6, 0, 6, 4), (6, 4, 0, 4), (0, 4, 0, 0)])
TWO = WorldDescription(
    floor=ROOM, base=Base(slip=0.0, latency=0.0), bases=("left", "right"), lidar=Lidar(noise=0.0), camera=None
)
APART = [(1.5, 2.0, 0.0), (4.5, 2.0, np.pi)]


def test_commands_reach_the_base_they_are_for():
    world = World(replace(TWO, imu=Imu()), base_pose=APART)
    world.bases["right"].set_command(0.3, 0.0)
    world.advance(1.0)
    assert world.bases["left"].pose == pytest.approx(APART[0], abs=1e-6)
    assert world.bases["right"].pose[0] < 4.3
    assert world.bases["left"].odometry().twist == (0, 0) and world.bases["right"].odometry().twist[0] > 0.2
    world.bases["right"].set_command(0.0, 1.0)
    world.advance(1.0)
    assert abs(world.imu("right")[1][2] - 1.0) < 0.05 and abs(world.imu("left")[1][2]) < 0.05


def test_lidars_see_the_other_base_s_collar_and_not_their_own():
    world = World(TWO, base_pose=APART)
    ahead, radius = TWO.lidar.num_beams // 2, TWO.base.collar.dims[0] / 2
    assert radius < TWO.lidar.range_min
    for name in TWO.bases:
        assert world.scan(name)[ahead] == pytest.approx(3.0 - radius, abs=1e-3)
        assert world.scan(name).min() > 1.2, "walls"
    assert np.array_equal(world.scan(), world.scan("left")), "the first where none is named"


def test_bases_that_meet_stop_each_other_and_both_have_touched():
    world = World(TWO, base_pose=[(2.5, 2.0, 0.0), (3.5, 2.0, np.pi)])
    for base in world.bases.values():
        base.set_command(0.5, 0.0)
    world.advance(3.0)
    gap = world.bases["right"].pose[0] - world.bases["left"].pose[0]
    assert gap == pytest.approx(2 * TWO.base.radius, abs=0.02)
    assert world.bases["left"].contacts_seen == {"right/base_hull": 1}
    assert world.bases["right"].touched() == ["left/base_hull"]


def test_people_stop_for_either():
    person = Walker(((3.0, 0.5), (3.0, 3.5)), speed=0.8)
    plan = replace(ROOM, walkers=(person,))
    world = World(replace(TWO, floor=plan, people_yield=True), base_pose=[(1.0, 1.0, 0.0), (3.0, 2.5, 0.0)])
    world.advance(4.0)
    assert world.walker_poses()[0, 1] < 2.5 - TWO.base.radius and not world.bases["right"].contacts_seen


def test_cameras_show_the_other_base():
    world = World(
        replace(describe_world("floor"), floor=ROOM, bases=("left", "right")), base_pose=[(2.0, 2.0, 0), (3.2, 2.0, 0)]
    )
    try:
        seen, unseen = ((world.labels(name) == LabelClass.OTHER).sum() for name in ("left", "right"))
    except GenModelsError as error:
        pytest.skip(error.message)
    finally:
        world.close()
    assert seen > 500 and unseen == 0, "the right one looks away"


def test_free_places_are_apart_and_restarting_brings_them_back():
    world = World(replace(TWO, bases=("a", "b", "c")), seed=4)
    poses = np.array([base.pose[:2] for base in world.bases.values()])
    gaps = np.linalg.norm(poses[:, None] - poses[None], axis=2)[np.triu_indices(3, 1)]
    assert gaps.min() > 2 * TWO.base.radius
    world.bases["b"].set_command(0.4, 0.0)
    world.advance(1.0)
    world.restart()
    assert np.array_equal(poses, [base.pose[:2] for base in world.bases.values()])


def test_one_pose_for_two_bases_is_refused():
    with pytest.raises(GenModelsError) as raised:
        World(TWO, base_pose=(1.0, 1.0, 0.0))
    assert raised.value.code == ErrorCode.WRONG_LENGTH


@pytest.mark.parametrize(("world", "floor_seed"), [("both", -1), ("floor", 7)])
def test_starts_are_free_apart_and_the_same_for_every_simulator(world, floor_seed):
    description = describe_world(world, floor_seed, camera=False, bases=("left", "right", "third"))
    poses = start_poses(description, floor_seed)
    assert poses == start_poses(description, floor_seed) and len(poses) == 3
    assert floor_seed >= 0 or poses[0] == DEMO_START
    running = World(description, base_pose=poses)
    running.advance(0.1)
    assert not any(base.contacts_seen for base in running.bases.values())


@pytest.mark.parametrize("bases", [("left", "left"), ("", "right"), ("left/front",), ()])
def test_names_that_are_none_are_refused(bases):
    with pytest.raises(GenModelsError, match="robots"):
        describe_world("floor", bases=bases)
