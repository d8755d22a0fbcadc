from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.simulation.arm.loose_obstacles import has_moved
from genmodels_ros.simulation.catalogue import CELL_MASSES, DEMO_START, describe_world
from genmodels_ros.simulation.scenes import ArmCell, WorldDescription
from genmodels_ros.simulation.world import World


@pytest.mark.parametrize("name", ["arm_cell", "both"])
def test_what_is_loose_stands_still_where_the_scene_says(name):
    world = World(describe_world(name, camera=False), base_pose=DEMO_START)
    start = world.obstacles()
    world.advance(3.0)
    assert not has_moved(world.description.arm_cell.scene, start, 1e-9) and not has_moved(start, world.obstacles())


def test_the_scene_follows_what_is_pushed_and_comes_back_with_a_reset():
    world = World(describe_world("both", camera=False), base_pose=DEMO_START)
    before = world.obstacles()
    velocity = world.data.joint("cell_11_parcel").qvel
    velocity[:2] = [0.0, 0.6]  # along the map's y, which is the arm's x in this world
    world.advance(1.0)
    moved = [(a, b) for a, b in zip(before.obstacles, world.obstacles().obstacles, strict=True) if a is not b]
    ((old, new),) = [(a, b) for a, b in moved if np.abs(a.center - b.center).max() > 1e-3]
    assert old.id == new.id == "parcel" and list(CELL_MASSES) == ["parcel"]
    assert 0.01 < new.center[0] - old.center[0] < 0.03, "as far as friction lets it"
    assert abs(new.center[1] - old.center[1]) < 0.01 and abs(new.center[2] - old.center[2]) < 1e-3
    world.restart()
    assert not has_moved(before, world.obstacles(), 1e-9)


def test_any_shape_and_orientation_may_be_loose():
    tilted = np.array([0.0, 0.0, np.sin(0.4), np.cos(0.4)])
    scene = Scene((
        Box((0.4, 0.0, -0.1), (1.0, 1.0, 0.2), id="table"),
        Box((0.5, 0.3, 0.05), (0.1, 0.2, 0.1), tilted, id="crate"),
        Cylinder((0.5, -0.3, 0.06), 0.04, 0.12, id="can"),
        Sphere((0.3, 0.0, 0.05), 0.05, id="ball"),
    ))  # fmt: skip
    masses = {"crate": 1.0, "can": 0.3, "ball": 0.2}
    cell = ArmCell(scene, position=(1.0, 2.0, 0.7), yaw=0.6, masses=masses)
    world = World(WorldDescription(arm_cell=cell, camera=None))
    assert not has_moved(scene, world.obstacles(), 1e-9)
    world.advance(0.5)
    assert not has_moved(scene, world.obstacles(), 2e-3)


def test_a_turn_is_a_move_and_a_hair_is_none():
    box = Box((0, 0, 0), (1, 1, 1))
    turned = replace(box, quat_xyzw=(0, 0, np.sin(0.01), np.cos(0.01)))
    nearly = replace(box, center=(1e-4, 0, 0))
    assert has_moved(Scene((box,)), Scene((turned,))) and not has_moved(Scene((box,)), Scene((nearly,)))
