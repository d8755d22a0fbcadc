"""What a driven future costs."""

import numpy as np

from genmodels_ros.pipelines.mobile.drive_costs import drive_costs

STRAIGHT = np.array([[0.4, 0.0, 0.0], [0.8, 0.0, 0.0]])
STANDING = np.zeros((2, 3))
TARGET = np.array([1.0, 0.0])


def cheapest(futures, risk, waited=0) -> int:
    return int(np.argmin(drive_costs(np.zeros((len(futures), 2, 2)), np.stack(futures), risk, TARGET, waited)))


def test_progress_is_chosen_unless_it_collides():
    free, blocked = np.zeros((2, 2)), np.array([[0.0, 0.0], [0.2, 0.9]])
    assert cheapest([STANDING, STRAIGHT], free) == 1
    assert cheapest([STANDING, STRAIGHT], blocked) == 0


def test_being_there_sooner_is_better():
    sooner = np.array([[0.7, 0.0, 0.0], [0.8, 0.0, 0.0]])
    assert cheapest([STRAIGHT, sooner], np.zeros((2, 2))) == 1


def test_a_later_collision_is_better_than_a_sooner_one():
    assert cheapest([STRAIGHT, STRAIGHT], np.array([[0.9, 0.9], [0.0, 0.9]])) == 1


def test_waiting_grows_dearer_but_not_dearer_than_a_collision():
    back, free = STRAIGHT * [-0.5, 1, 1], np.zeros((2, 2))
    assert cheapest([STANDING, back], free, waited=0) == 0
    assert cheapest([STANDING, back], free, waited=1000) == 1
    assert cheapest([STANDING, STRAIGHT], np.array([[0, 0], [0.9, 1.0]]), waited=1000) == 0


def test_of_two_equal_ways_the_smoother_is_cheaper():
    smooth, jerky = np.full((4, 2), 0.2), np.array([[0.4, 1.0], [0.0, -1.0], [0.4, 1.0], [0.0, -1.0]])
    poses = np.tile(STRAIGHT[:1], (2, 4, 1))
    costs = drive_costs(np.stack([smooth, jerky]), poses, np.zeros((2, 4)), TARGET)
    assert costs[0] < costs[1]
