import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.catalogue import DEMO_START, WORLDS, describe_world
from genmodels_ros.simulation.scenes import demo_arm_scene
from genmodels_ros.simulation.world import World


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_runs_and_nothing_touches_at_the_start(name):
    world = World(describe_world(name, camera=False), base_pose=DEMO_START)
    world.advance(0.2)
    assert (world.arm is not None) == (name != "floor") and (world.base is not None) == (name != "arm_cell")
    assert not (world.arm and world.arm.touching) and not (world.base and world.base.touching)


def test_robot_standing_still_at_its_start_is_left_alone_by_everybody():
    world = World(describe_world("both", camera=False), base_pose=DEMO_START)
    world.advance(60.0)
    assert not world.base.contacts_seen and not world.arm.contacts_seen


def test_every_room_can_be_reached():
    grid = describe_world("both").occupancy(0.05)
    for room in ((3.5, 2.6), (7.4, 2.0), (8.3, 6.9), (2.6, 5.6)):
        assert grid.shortest_path(DEMO_START[:2], room, clearance=0.3) is not None


def test_legs_of_the_arm_cell_are_on_the_map():
    with_arm, without = (describe_world(name).occupancy(0.05).occupied for name in ("both", "floor"))
    assert (with_arm & ~without).sum() > 40 and not (without & ~with_arm).any()


def test_arm_is_ready_clear_of_its_cell():
    robot = load_robot()
    assert CollisionChecker(robot, demo_arm_scene()).clearance(robot.ready) > 0.05


@pytest.mark.parametrize("settings", [("moon", -1), ("both", 3)])
def test_worlds_that_cannot_be_are_refused(settings):
    with pytest.raises(GenModelsError) as caught:
        describe_world(*settings)
    assert caught.value.code == ErrorCode.MODEL_UNAVAILABLE


def test_random_floors_differ():
    first, second = (describe_world("floor", seed).floor for seed in (1, 2))
    assert not np.array_equal(first.bounds, second.bounds)
