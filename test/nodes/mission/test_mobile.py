"""The mobile planner client's own geometry and judgement."""

import numpy as np

from genmodels_ros.nodes.mission.mobile import (
    SPACING,
    Patience,
    candidate_commands,
    costs,
    densify,
    next_target,
    plan_route,
    strayed,
    to_base,
)
from genmodels_ros.simulation.occupancy import OccupancyGrid

STRAIGHT = np.array([[0.4, 0.0, 0.0], [0.8, 0.0, 0.0]])
STANDING = np.zeros((2, 3))
TARGET = np.array([1.0, 0.0])


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
        target = next_target(route, position, grid)
        line = np.linspace(position, target, 50)
        assert not any(grid.occupied[grid.cell(point)] for point in line)
    assert np.allclose(next_target(route, route[-1], grid), (3.0, 1.0))


def test_a_point_ahead_in_odom_is_ahead_in_base_link():
    assert np.allclose(to_base(np.array([1.0, 1.0, np.pi / 2]), np.array([1.0, 3.0])), [2.0, 0.0])


def test_progress_is_chosen_unless_it_collides():
    futures = np.stack([STANDING, STRAIGHT])
    free, blocked = np.zeros((2, 2)), np.array([[0.0, 0.0], [0.2, 0.9]])
    assert np.argmin(costs(futures, free, TARGET)) == 1
    assert np.argmin(costs(futures, blocked, TARGET)) == 0


def test_a_later_collision_is_better_than_a_sooner_one():
    futures = np.stack([STRAIGHT, STRAIGHT])
    assert np.argmin(costs(futures, np.array([[0.9, 0.9], [0.0, 0.9]]), TARGET)) == 1


def test_waiting_grows_dearer_but_not_dearer_than_a_collision():
    futures = np.stack([STANDING, STRAIGHT[:, [0, 1, 2]] * [-0.5, 1, 1]])
    free = np.zeros((2, 2))
    assert np.argmin(costs(futures, free, TARGET, waited=0)) == 0
    assert np.argmin(costs(futures, free, TARGET, waited=1000)) == 1
    futures[1] = STRAIGHT
    assert np.argmin(costs(futures, np.array([[0, 0], [0.9, 1.0]]), TARGET, waited=1000)) == 0


def test_patience_starts_anew_with_every_step_forward():
    route = densify(np.array([[0.0, 0.0], [2.0, 0.0]]))
    patience = Patience(route)
    waited = [patience.waited(np.array([x, 0.1])) for x in (0.0, 0.0, 0.5, 0.4, 0.5, 0.6)]
    assert waited == [1, 2, 0, 1, 2, 0]
    assert strayed(route, np.array([1.0, 0.7])) and not strayed(route, np.array([1.0, 0.5]))


def test_standing_still_and_backing_away_are_always_candidates():
    commands = candidate_commands()
    assert (np.abs(commands).sum(axis=(1, 2)) == 0).any() and (commands[..., 0] < 0).all(axis=1).any()
    assert np.abs(commands[..., 0]).max() <= 0.6 and np.abs(commands[..., 1]).max() <= 1.5
