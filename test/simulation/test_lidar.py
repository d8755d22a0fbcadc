"""The raycaster against geometry worked out by hand and against MuJoCo's own single rays."""

import math
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from genmodels_ros.simulation.floor.plan import FloorPlan, Walker
from genmodels_ros.simulation.geoms import ARM_HULL, SENSED, SOLID
from genmodels_ros.simulation.scenes import Lidar, WorldDescription
from genmodels_ros.simulation.solids import Solid
from genmodels_ros.simulation.world import World

POSE = (0.1, -0.2, 0.4)
CLEAR = 0.8  # m around the robot


def random_solids(rng, count=14):
    """Upright boxes and cylinders, all reaching through the lidar's plane, none around the robot."""
    solids = []
    while len(solids) < count:
        dims = rng.uniform(0.1, 1.2, size=2)
        x, y = rng.uniform(-5, 5, size=2)
        if math.hypot(x - POSE[0], y - POSE[1]) > CLEAR + np.hypot(*dims) / 2:
            shape = "box" if len(solids) % 2 else "cylinder"
            dims = dims if shape == "box" else (dims[0], dims[0])
            solids.append(Solid(shape, (x, y, 0.5), (*dims, 1.0), float(rng.uniform(-3, 3)) if shape == "box" else 0.0))
    return tuple(solids)


def world_of(solids, walkers=(), **lidar):
    floor = FloorPlan((-6, -6, 6, 6), solids, walkers=walkers)
    return World(WorldDescription(floor, lidar=Lidar(**({"noise": 0.0} | lidar)), camera=None), base_pose=POSE)


def angles_of(lidar):
    return POSE[2] + lidar.angle_min + lidar.angle_increment * np.arange(lidar.num_beams)


def to_circle(angle, center, radius):
    """Distance along a ray from POSE to a circle, from the quadratic equation; inf if it misses."""
    direction = np.array([math.cos(angle), math.sin(angle)])
    offset = np.array(center) - POSE[:2]
    along, apart = offset @ direction, offset @ offset
    root = radius**2 - (apart - along**2)
    return along - math.sqrt(root) if along > 0 and root >= 0 else math.inf


def to_box(angle, solid):
    """Distance along a ray from POSE to a turned rectangle, by the slab method; inf if it misses."""
    near, far = 0.0, math.inf
    for axis, half in ((solid.yaw, solid.dims[0] / 2), (solid.yaw + math.pi / 2, solid.dims[1] / 2)):
        speed = math.cos(angle - axis)
        start = (POSE[0] - solid.center[0]) * math.cos(axis) + (POSE[1] - solid.center[1]) * math.sin(axis)
        if abs(speed) < 1e-12:
            if abs(start) > half:
                return math.inf
            continue
        low, high = sorted(((-half - start) / speed, (half - start) / speed))
        near, far = max(near, low), min(far, high)
    return near if near <= far else math.inf


@pytest.mark.parametrize("seed", range(4))
def test_every_beam_ends_where_geometry_says(seed):
    solids = random_solids(np.random.default_rng(seed))
    world = world_of(solids)
    expected = [
        min(to_circle(a, s.center[:2], s.dims[0] / 2) if s.shape == "cylinder" else to_box(a, s) for s in solids)
        for a in angles_of(world.description.lidar)
    ]
    scan = world.scan()
    assert (np.isfinite(scan) == np.isfinite(expected)).mean() > 0.99  # a beam may graze an edge either way
    both = np.isfinite(scan) & np.isfinite(expected)
    assert both.sum() > 100
    np.testing.assert_allclose(scan[both], np.array(expected)[both], atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_all_beams_at_once_equal_one_ray_at_a_time(seed):
    legged = Walker(((1.5, 1.5), (2.5, 1.5)), 0.5, legs=0.07)
    walkers = (legged, Walker(((-1.5, 1.0), (-1.5, 2.0)), 0.5))
    world = world_of(random_solids(np.random.default_rng(10 + seed)), walkers, num_beams=361, angle_increment=0.0174)
    groups = np.zeros(6, np.uint8)
    groups[[SOLID, SENSED, ARM_HULL]] = 1
    origin = np.array([*POSE[:2], world.description.lidar.height])
    for angle, measured in zip(angles_of(world.description.lidar), world.scan(), strict=True):
        direction = np.array([math.cos(angle), math.sin(angle), 0.0])
        own, hit = world.model.body("base_link").id, np.zeros(1, np.int32)
        single = mujoco.mj_ray(world.model, world.data, origin, direction, groups, 1, own, hit, None)
        single = math.inf if single < 0 or single > world.description.lidar.range_max else single
        assert measured == pytest.approx(single, abs=1e-9)


def test_a_lidar_sees_legs_and_not_the_body_round_them():
    walker = Walker(((2.1, -0.2), (2.2, -0.2)), 0.5, radius=0.3, legs=0.06)
    pose = (0.1, -0.2, 0.0)
    solid, legged = (
        World(replace(world_of((), (person,)).description), base_pose=pose)
        for person in (replace(walker, legs=0), walker)
    )
    ahead = solid.scan()[180]
    assert ahead == pytest.approx(2.0 - 0.3, abs=1e-6)
    assert math.isinf(legged.scan()[180])  # between the feet
    hits = np.isfinite(legged.scan())
    assert 4 <= hits.sum() < np.isfinite(solid.scan()).sum()
    nearest = min(math.dist(leg, pose[:2]) for leg in legged.walkers[0].legs) - walker.legs
    assert legged.scan()[hits].min() == pytest.approx(nearest, abs=0.01)


def test_single_beams_drop_out_and_runs_of_them_are_missing():
    room = tuple(
        Solid("box", (x, y, 0.5), dims) for x, y, dims in [(0, 3, (8, 0.1, 1)), (0, -3, (8, 0.1, 1)),
                                                             (3, 0, (0.1, 8, 1)), (-3, 0, (0.1, 8, 1))]
    )  # fmt: skip
    dropping = np.array(
        [scan for world in [world_of(room, dropout=0.05)] for scan in (world.scan() for _ in range(50))]
    )
    assert np.isinf(dropping).mean() == pytest.approx(0.05, abs=0.01) and not np.isnan(dropping).any()
    world = world_of(room, bursts=0.3)
    missing = np.isnan(np.array([world.scan() for _ in range(300)]))
    assert missing.any(axis=1).mean() == pytest.approx(0.3, abs=0.08)
    for row in missing[missing.any(axis=1)]:
        assert np.abs(np.diff(row.astype(int), append=int(row[0]))).sum() == 2  # one run, round the end too
        assert row.sum() <= 360 / 8
