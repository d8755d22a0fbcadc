"""Labelled pictures of random rooms: training data for whatever looks through the robot's camera."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from genmodels_ros.simulation.floor.layouts import random_floor_plan
from genmodels_ros.simulation.scenes import Camera, WorldDescription
from genmodels_ros.simulation.world import World

FRAMES_A_PLAN = 12
PLAN_SEEDS = 1_000_000  # plans of one seed never meet those of another
OPEN_VIEW, NEAREST = 1.4, 0.45  # m: the lidar's median and least range ahead that make a picture worth taking


def camera_frames(count: int, seed: int, camera: Camera | None = None) -> Iterator[tuple]:
    """Yields `count` times (rgb uint8 [H, W, 3], labels uint8 [H, W], depth float32 [H, W] m).

    Each plan of its own colours, light and people gives FRAMES_A_PLAN frames from free places, never facing a wall at
    arm's length. Camera height and tilt of the horizon stay those of the robot.
    """
    for number in range(-(-count // FRAMES_A_PLAN)):
        world = _populated_world(PLAN_SEEDS * seed + number, camera or Camera())
        rng = np.random.default_rng([seed, number, 7])
        for _ in range(min(FRAMES_A_PLAN, count - number * FRAMES_A_PLAN)):
            yield _frame(world, rng)
        world.close()


def _populated_world(seed: int, camera: Camera) -> World:
    plan = random_floor_plan(seed, num_walkers=3 + seed % 4)
    return World(replace(WorldDescription(floor=plan), camera=camera), seed)


def _frame(world: World, rng: np.random.Generator, tries: int = 20) -> tuple:
    for walker in world.walkers:
        walker.advance(rng.uniform(0, 20))
    for place in world.description.floor.sample_free(rng, tries, clearance=0.35):
        world.base.place((*place, rng.uniform(-np.pi, np.pi)))
        world.step()
        if _is_open(world):
            break
    return world.camera(), world.labels(), world.depth()


def _is_open(world: World) -> bool:
    lidar, camera = world.description.lidar, world.description.camera
    angles = lidar.angle_min + lidar.angle_increment * np.arange(lidar.num_beams)
    ahead = world.scan()[np.abs(angles) < camera.horizontal_fov / 2]
    return bool(np.median(ahead) > OPEN_VIEW and ahead.min() > NEAREST)
