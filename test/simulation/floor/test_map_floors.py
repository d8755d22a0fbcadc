"""Maps as nav2_map_server saves them: the right way up, to scale, and no floor where the map knows nothing."""

import cv2
import numpy as np
import pytest

from genmodels_ros.errors import GenModelsError
from genmodels_ros.simulation.floor.episodes import simulate_floor
from genmodels_ros.simulation.floor.map_floors import plan_from_map, read_map
from genmodels_ros.simulation.floor.recorded_floors import building_name, building_sources, recorded_floor_plan
from genmodels_ros.simulation.scenes import Lidar, WorldDescription
from genmodels_ros.simulation.world import World

FREE, OCCUPIED, UNKNOWN = 254, 0, 205
SETTINGS = "image: office.pgm\nmode: trinary\nresolution: 0.05\norigin: [-2.0, -1.0, 0]\nnegate: {negate}\n"
SETTINGS += "occupied_thresh: 0.65\nfree_thresh: 0.25\n"


@pytest.fixture
def office(tmp_path):
    """A room of 8 x 6 m within what is unknown; a block of 1 x 1 m near its lower left corner."""
    cells = np.full((140, 180), UNKNOWN, np.uint8)
    cells[9:131, 9:171] = OCCUPIED
    cells[10:130, 10:170] = FREE
    cells[90:110, 30:50] = OCCUPIED  # rows count from the top: y = -1 + 0.05 * (140 - 110) = 0.5
    return write_map(tmp_path / "office.yaml", cells)


def write_map(path, cells, negate=0):
    cv2.imwrite(str(path.with_suffix(".pgm")), cells)
    path.write_text(SETTINGS.format(negate=negate))
    return path


def test_a_map_is_the_right_way_up_and_to_scale(office):
    grid = read_map(office)
    assert grid.occupied[grid.cell((0.0, 1.0))] and not grid.occupied[grid.cell((0.0, 2.0))]  # the block, and above it
    assert (~grid.occupied).sum() * 0.05**2 == pytest.approx(8 * 6 - 1)
    world = World(
        WorldDescription(plan_from_map(office), lidar=Lidar(noise=0.0), camera=None), base_pose=(2.0, 1.0, 0.0)
    )
    scan = world.scan()
    assert scan[180] == pytest.approx(-2 + 170 * 0.05 - 2.0, abs=1e-6)  # to the right wall
    assert scan[0] == pytest.approx(2.0 - (-2 + 50 * 0.05), abs=1e-6)  # back, to the block


def test_negated_maps_are_the_same_maps(office, tmp_path):
    cells = cv2.imread(str(office.with_suffix(".pgm")), cv2.IMREAD_GRAYSCALE)
    (tmp_path / "other").mkdir()
    other = write_map(tmp_path / "other/office.yaml", 255 - cells, negate=1)
    np.testing.assert_array_equal(read_map(other).occupied, read_map(office).occupied)


def test_a_map_is_a_building_to_drive_in(office):
    assert building_sources(office.parent) == [office] and building_name(office) == "office"
    plan = recorded_floor_plan(office, np.random.default_rng(0), 3)
    grid = plan.occupancy(0.05)
    assert grid.occupied[0].all() and grid.occupied[:, -1].all() and len(plan.walkers) >= 1
    episodes = simulate_floor(0, 0, steps=20, building=office)
    inside = (episodes.pose[:, :2] > (-1.5, -0.5)) & (episodes.pose[:, :2] < (6.5, 5.5))
    assert inside.all()
    assert np.nanmax(np.where(np.isinf(episodes.scan), 0, episodes.scan.astype(float))) < 10.2  # the room's diagonal


@pytest.mark.parametrize(
    "content",
    ["", "image: office.pgm", "resolution: 0.05\nimage: no.pgm\norigin: [0, 0, 0]", "[1, 2", "a: &b [*b]",
     "resolution: -1\nimage: office.pgm\norigin: [0, 0, 0]",
     "resolution: 0.05\nimage: office.pgm\norigin: [.nan, 0, 0]",
     "image: 3\nresolution: x\norigin: 1"],
)  # fmt: skip
def test_what_is_no_map_is_refused_in_one_sentence(office, content):
    bad = office.with_name("bad.yaml")
    bad.write_text(content)
    with pytest.raises(GenModelsError, match=r"bad\.yaml is no map to use"):
        read_map(bad)


def test_a_map_without_floor_says_so(tmp_path):
    solid = write_map(tmp_path / "office.yaml", np.full((100, 100), OCCUPIED, np.uint8))
    with pytest.raises(GenModelsError, match="no floor that a robot fits on"):
        recorded_floor_plan(solid, np.random.default_rng(0), 0)
