from itertools import pairwise

import numpy as np

from genmodels_ros.simulation.floor.layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.floor.occupancy import SEARCHED_WHOLE, OccupancyGrid, rasterise
from genmodels_ros.simulation.floor.plan import plan_from_occupancy, plan_from_segments
from genmodels_ros.simulation.solids import Solid

PLANS = [demo_floor_plan(), *(random_floor_plan(seed) for seed in range(10))]


def test_rasterised_area_is_the_solids_and_at_most_a_rim_of_cells():
    for yaw in (0.0, 0.5, 1.2):
        box = Solid("box", (2.0, 2.0, 0.5), (2.0, 1.0, 1.0), yaw)
        area = rasterise([box], (0, 0, 4, 4), 0.02).occupied.sum() * 0.02**2
        assert 2.0 <= area < 2.0 + 6.0 * 0.04
    pole = Solid("cylinder", (2.0, 2.0, 0.5), (1.0, 1.0, 1.0))
    assert 0.785 <= rasterise([pole], (0, 0, 4, 4), 0.02).occupied.sum() * 0.02**2 < 0.785 + 3.15 * 0.04


def test_thin_walls_leave_no_gap_on_a_coarse_grid():
    wall = Solid("box", (2.0, 2.0, 1.0), (6.0, 0.05, 2.0), 0.7)
    grid = rasterise([wall], (0, 0, 4, 4), 0.3)
    assert grid.shortest_path((0.5, 3.5), (3.5, 0.5), clearance=0.0) is None


def test_cell_and_point_are_inverse_and_clipped():
    grid = rasterise([], (-1.0, 2.0, 3.0, 5.0), 0.1)
    for cell in ((0, 0), (29, 39), (7, 31)):
        assert grid.cell(grid.point(cell)) == cell
    assert grid.cell((-50, 50)) == (29, 0)


def test_free_points_reach_each_other():
    rng = np.random.default_rng(0)
    for plan in PLANS:
        start, goal = plan.sample_free(rng, 2, clearance=0.3)
        path = plan.shortest_path(start, goal, clearance=0.25)
        assert path is not None
        np.testing.assert_allclose(path[[0, -1]], [start, goal])
        grid = plan.occupancy(0.1)
        middle = (path[1:] + path[:-1]) / 2
        assert all(not grid.occupied[grid.cell(point)] for point in middle)


def test_no_path_through_a_closed_wall():
    plan = plan_from_segments([(0, 0, 4, 0), (4, 0, 4, 2), (4, 2, 0, 2), (0, 2, 0, 0), (2, 0, 2, 2)])
    assert plan.shortest_path((1, 1), (3, 1)) is None
    assert plan.shortest_path((0.5, 1), (1.5, 1)) is not None


def test_a_plan_without_room_says_so_with_no_points():
    full = plan_from_occupancy(np.ones((5, 5), bool), 0.2)
    assert full.sample_free(np.random.default_rng(0), 3).shape == (0, 2)


def test_ways_on_large_grids_are_hardly_longer_and_touch_nothing(monkeypatch):
    occupied = np.zeros((400, 400), bool)
    for row, door in ((80, 300), (160, 60), (240, 330), (320, 100)):
        occupied[row] = True
        occupied[row, door : door + 24] = False
    grid = OccupancyGrid(occupied, 0.05, (0.0, 0.0))
    assert occupied.size > SEARCHED_WHOLE
    found = grid.shortest_path((1.0, 1.0), (19.0, 19.0), clearance=0.3)
    monkeypatch.setattr("genmodels_ros.simulation.floor.occupancy.SEARCHED_WHOLE", occupied.size)
    shortest = grid.shortest_path((1.0, 1.0), (19.0, 19.0), clearance=0.3)
    near, exact = (np.hypot(*np.diff(way, axis=0).T).sum() for way in (found, shortest))
    assert exact > 40 and near < 1.02 * exact
    points = np.concatenate([np.linspace(a, b, 200) for a, b in pairwise(found)])
    assert min(grid.distance[grid.cell(point)] for point in points) > 0.2


def test_a_large_grid_without_a_way_says_so():
    occupied = np.zeros((400, 400), bool)
    occupied[200] = True
    occupied[200, 100:103] = False  # too narrow
    assert OccupancyGrid(occupied, 0.05, (0.0, 0.0)).shortest_path((1.0, 1.0), (19.0, 19.0), clearance=0.3) is None
