"""Floors from logs of real buildings: rebuilt as the robot saw them, held back when told to."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from genmodels_ros.cli import main
from genmodels_ros.data.episodes import read_card, shard_paths, split_by_floor
from genmodels_ros.errors import GenModelsError
from genmodels_ros.simulation.floor.episodes import make_shards, simulate_floor
from genmodels_ros.simulation.floor.plan import FloorPlan, Walker, plan_from_segments, wall
from genmodels_ros.simulation.floor.recorded_floors import (
    building_sources,
    occupancy_of,
    read_building,
    recorded_floor_plan,
)
from genmodels_ros.simulation.scenes import Lidar, WorldDescription
from genmodels_ros.simulation.solids import Solid
from genmodels_ros.simulation.world import World

REAL = Path(__file__).parents[4] / "shared/data/lidar"
SICK = Lidar(num_beams=180, angle_min=-math.pi / 2, angle_increment=math.pi / 180, range_max=50.0, noise=0.0)
TURN = 0.3  # of the log's frame against the walls, rad


def building() -> FloorPlan:
    """Two rooms of 6 x 6 m with a door between them, a cupboard and a pillar."""
    outline = plan_from_segments([(0, 0, 12, 0), (12, 0, 12, 6), (12, 6, 0, 6), (0, 6, 0, 0)])
    inside = (
        wall((6, 0, 6, 2)), wall((6, 3.4, 6, 6)),
        Solid("box", (2.0, 5.6, 0.5), (1.2, 0.6, 1.0)), Solid("cylinder", (9, 4, 0.5), (0.4, 0.4, 1.0)),
    )  # fmt: skip
    return FloorPlan(outline.bounds, (*outline.walls, *inside))


def poses():
    """There and back through both rooms, half a metre apart, looking to all sides."""
    way = [(x, 1.5 + 1.2 * abs(math.sin(x / 4)) if x < 5 or x > 7 else 2.7) for x in np.arange(1, 11.01, 0.5)]
    return [(x, y, yaw) for yaw in (0.0, math.pi, math.pi / 2, -math.pi / 2) for x, y in way]


def write_log(path, plan=None, walkers=()):
    plan = (plan or building()).with_walkers(walkers)
    world = World(WorldDescription(plan, lidar=SICK, camera=None), base_pose=poses()[0])
    c, s, lines = math.cos(TURN), math.sin(TURN), []
    for stamp, (x, y, yaw) in enumerate(poses()):
        world.base.place((x, y, yaw))
        world.advance(0.5)
        ranges = np.where(np.isfinite(scan := world.scan()), scan, 81.83).round(2)
        turned = (c * x - s * y, s * x + c * y, yaw + TURN)
        fields = ["FLASER", len(ranges), *ranges, *turned, *turned, stamp, "host", stamp]
        lines.append(" ".join(str(field) for field in fields))
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    for name in ("here", "there", "intel"):
        write_log(folder / f"{name}-corrected.log.gz")
    return folder


@pytest.fixture(scope="module")
def log(folder):
    return folder / "here-corrected.log.gz"


def whole(log):
    """Everything the log shows."""
    seen = read_building(log)
    return occupancy_of(seen, (*(seen.poses[:, :2].min(axis=0) - 4), *(seen.poses[:, :2].max(axis=0) + 4)))


def scans_at(plan, seen, rows):
    world = World(WorldDescription(plan, lidar=SICK, camera=None), base_pose=seen.poses[0])
    for row in rows:
        world.base.place(seen.poses[row])
        yield world.scan(), seen.scans[row].ranges


def compare(plan, seen, rows):
    """Absolute differences of beams that hit something near in both."""
    pairs = [(mine, theirs) for scan in scans_at(plan, seen, rows) for mine, theirs in zip(*scan, strict=True)]
    near = np.array([(mine, theirs) for mine, theirs in pairs if np.isfinite(mine) and theirs < 7.5])
    assert len(near) > 0.4 * len(pairs)
    return np.abs(near[:, 0] - near[:, 1])


def test_walls_of_a_turned_log_lie_along_the_axes(log):
    headings = read_building(log).poses[:, 2]
    quarters = np.abs(np.remainder(headings + math.pi / 4, math.pi / 2) - math.pi / 4)
    assert quarters.max() < 0.01


def test_a_scan_in_the_rebuilt_floor_is_the_recorded_one(log):
    from genmodels_ros.simulation.floor.plan import plan_from_occupancy

    grid, seen = whole(log), read_building(log)
    errors = compare(plan_from_occupancy(grid.occupied, grid.resolution, grid.origin), seen, range(0, 84, 7))
    assert np.median(errors) < 0.05 and np.quantile(errors, 0.9) < 0.15


def test_the_free_floor_is_as_large_as_it_was(log):
    grid = whole(log)
    free = (~grid.occupied).sum() * grid.resolution**2
    assert free == pytest.approx(2 * (6 - 0.18) * 5.88, rel=0.06)  # two rooms within their walls


def test_people_in_a_log_leave_no_walls(tmp_path):
    people = [Walker(((2, 1.5), (5, 2.0)), 0.6), Walker(((10, 1.5), (7.5, 4)), 0.5)]
    without = whole(write_log(tmp_path / "a-corrected.log.gz"))
    with_people = whole(write_log(tmp_path / "b-corrected.log.gz", walkers=people))
    area = [(~grid.occupied).sum() * grid.resolution**2 for grid in (without, with_people)]
    assert area[1] > area[0] - 0.5


def test_a_piece_is_closed_and_all_of_its_ways_are_free(log):
    plan = recorded_floor_plan(log, np.random.default_rng(1), 4)
    grid = plan.occupancy(0.05)
    rim = np.concatenate([grid.occupied[0], grid.occupied[-1], grid.occupied[:, 0], grid.occupied[:, -1]])
    assert rim.all() and 16 <= plan.bounds[2] - plan.bounds[0] <= 24.1
    assert len(plan.walkers) >= 2 and len(plan.walls) < 1500
    for walker in plan.walkers:
        assert not any(grid.occupied[grid.cell(point)] for point in walker.waypoints)
    again = recorded_floor_plan(log, np.random.default_rng(1), 4)
    assert again == plan and recorded_floor_plan(log, np.random.default_rng(2), 4) != plan


def test_no_place_to_drive_is_said(tmp_path):
    closet = plan_from_segments([(0, 0, 2, 0), (2, 0, 2, 2), (2, 2, 0, 2), (0, 2, 0, 0)])
    world = World(WorldDescription(closet, lidar=SICK, camera=None), base_pose=(1, 1, 0))
    ranges = world.scan().round(2)
    line = " ".join(str(v) for v in ["FLASER", 180, *ranges, 1, 1, 0, 1, 1, 0, "{}", "host", "{}"])
    path = tmp_path / "closet-corrected.log"
    path.write_text("\n".join(line.format(i, i) for i in range(4)))
    with pytest.raises(GenModelsError, match="too little free floor"):
        recorded_floor_plan(path, np.random.default_rng(0), 0)


def test_held_out_buildings_are_never_used(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("genmodels_ros.simulation.floor.episodes.FLOOR_STEPS", 5)
    names = lambda logs: [log.name.split("-")[0] for log in logs]  # noqa: E731
    assert names(building_sources(folder)) == ["here", "there"]  # intel: what the model is measured on
    assert names(building_sources(folder, ("here", "intel"))) == ["there"]
    make_shards(out=tmp_path, count=12, floors=folder, hold_out=("there", "intel"))
    shards = [path.stem for path in shard_paths(tmp_path)]
    assert [name for name in shards if name.count("_") == 2] == [f"floor_{i:05d}_here" for i in (2, 5, 8, 11)]
    card = read_card(tmp_path)
    assert card["recorded_floors"] == {"here": [2, 5, 8, 11]} and card["held_out"] == ["there", "intel"]
    training, validation = split_by_floor(shard_paths(tmp_path), held_out=0.5)
    assert len(validation) == 4 and not [path for path in validation if "here" in path.stem]
    assert len(training) == 8


def test_names_that_hold_nothing_out_are_refused(folder, tmp_path):
    with pytest.raises(GenModelsError, match="no building 'heer'"):
        building_sources(folder, ("heer",))
    with pytest.raises(GenModelsError, match="give some"):
        building_sources(folder, ("here", "there", "intel"))
    with pytest.raises(GenModelsError, match="give some"):
        make_shards(out=tmp_path / "out", count=1, floors=tmp_path)
    assert not (tmp_path / "out").exists()


def test_the_same_seed_gives_the_same_drives_in_the_same_piece(log):
    a, b, c = (simulate_floor(seed, 2, steps=20, building=log) for seed in (1, 1, 2))
    for name in a.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert not np.array_equal(a.scan, c.scan)


def test_the_command_refuses_to_hold_out_a_building_of_nothing(tmp_path, capsys):
    arguments = ["data", "world-model", "--hold-out", "intel", "--out", str(tmp_path / "out"), "--count", "1"]
    assert main(arguments) == 2
    assert "--floors" in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("model", ["augmenter", "trajectories"])
def test_the_command_refuses_floors_where_they_mean_nothing(model, tmp_path, capsys):
    with pytest.raises(SystemExit) as error:
        main(["data", model, "--floors", "x", "--out", str(tmp_path / "out"), "--count", "1"])
    assert error.value.code == 2 and "--floors" in capsys.readouterr().err


@pytest.mark.skipif(not REAL.exists(), reason=f"no recordings in {REAL}")
@pytest.mark.parametrize("name", ["aces", "fhw", "infinite-corridor", "intel", "seattle"])
def test_real_buildings_look_as_recorded(name):
    from genmodels_ros.simulation.floor.plan import plan_from_occupancy

    seen = read_building(REAL / f"{name}-corrected.log.gz")
    middle = seen.poses[len(seen.poses) // 2, :2]
    grid = occupancy_of(seen, (*(middle - 10), *(middle + 10)))
    inside = np.flatnonzero(np.linalg.norm(seen.poses[:, :2] - middle, axis=1) < 2.5)[:8]
    plan = plan_from_occupancy(grid.occupied, grid.resolution, grid.origin)
    errors = []
    for row in inside:
        scan = seen.scans[row]
        lidar = Lidar(len(scan.ranges), scan.angle_min, scan.angle_increment, range_max=50.0, noise=0.0)
        world = World(WorldDescription(plan, lidar=lidar, camera=None), base_pose=seen.poses[row])
        near = scan.ranges < 7.5
        errors.append(np.abs(world.scan() - scan.ranges)[near])
    assert np.median(np.concatenate(errors)) < 0.1
