"""Routes on a map, and the target that moves along them."""

import numpy as np
import pytest

from genmodels_ros.errors import GenModelsError
from genmodels_ros.pipelines.mobile.routes import (
    LOOKAHEAD,
    SPACING,
    Patience,
    clear_on,
    densify,
    next_target,
    plan_route,
    remaining,
    strayed,
    to_base,
    to_odom,
)
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid


def two_rooms() -> OccupancyGrid:
    """4 m x 3 m with a wall at x = 2 m that has a door 0.9 m wide around y = 2 m."""
    occupied = np.zeros((60, 80), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[:, 40] = True
    occupied[31:49, 40] = False
    return OccupancyGrid(occupied, 0.05, (0.0, 0.0))


def test_densify_keeps_the_corners_and_the_spacing():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.52]])
    route = densify(corners)
    assert all((np.abs(route - corner).max(axis=1) < 1e-12).any() for corner in corners)
    assert np.hypot(*np.diff(route, axis=0).T).max() <= SPACING + 1e-9


def test_the_target_is_never_behind_a_wall():
    grid = two_rooms()
    route = plan_route(grid, (1.0, 1.0), (3.0, 1.0))
    for position in route:
        target = next_target(route, position, clear_on(grid))
        line = np.linspace(position, target, 50)
        assert not any(grid.occupied[grid.cell(point)] for point in line)
    assert np.allclose(next_target(route, route[-1], clear_on(grid)), (3.0, 1.0))


def test_the_target_lies_between_its_nearest_and_its_farthest_distance():
    route = densify(np.array([[0.0, 0.0], [5.0, 0.0]]))
    free, blocked = (lambda points: True), (lambda points: False)
    assert next_target(route, route[0], free)[0] == pytest.approx(LOOKAHEAD, abs=SPACING)
    assert next_target(route, route[0], blocked, least=0.6)[0] == pytest.approx(0.65, abs=2 * SPACING)


def test_no_route_leads_to_where_nobody_can_go():
    grid = two_rooms()
    grid.occupied[:, 40] = True
    assert plan_route(OccupancyGrid(grid.occupied, 0.05, (0.0, 0.0)), (1.0, 1.0), (3.0, 1.0)) is None


def test_a_point_ahead_in_odom_is_ahead_in_base_link():
    assert np.allclose(to_base(np.array([1.0, 1.0, np.pi / 2]), np.array([1.0, 3.0])), [2.0, 0.0])


def test_there_and_back_is_where_it_was():
    rng = np.random.default_rng(0)
    pose, poses = rng.uniform(-3, 3, 3), rng.uniform(-3, 3, (5, 4, 3))
    assert np.allclose(to_base(pose, to_odom(pose, poses)[..., :2]), poses[..., :2])


def test_what_is_left_counts_the_way_and_the_way_to_it():
    route = densify(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]]))
    assert remaining(route, np.array([1.0, 0.3])) == pytest.approx(2.3)
    assert strayed(route, np.array([1.0, 0.7])) and not strayed(route, np.array([1.0, 0.5]))


def test_patience_starts_anew_with_every_step_forward():
    patience = Patience()
    assert [patience.waited(left) for left in (2.0, 2.0, 1.5, 1.6, 1.5, 1.4)] == [0, 1, 0, 1, 2, 0]


def test_another_route_is_neither_progress_nor_the_lack_of_it():
    patience = Patience()
    assert [patience.waited(2.0), patience.waited(2.0)] == [0, 1]
    patience.moved(3.0)
    assert [patience.waited(5.0), patience.waited(4.9)] == [2, 0]
    patience.moved(-4.0)
    assert patience.waited(0.9) == 1


def test_a_route_around_the_world_is_none():
    with pytest.raises(GenModelsError, match="long at most"):
        densify(np.array([[0.0, 0.0], [4e7, 0.0]]))
