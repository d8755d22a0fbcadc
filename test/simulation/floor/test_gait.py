"""Two legs: inside the body, standing still where they stand; walkers varied within bounds."""

import math

import numpy as np
import pytest

from genmodels_ros.simulation.floor.gait import CORNER, cycle_length, leg_positions, longest_reach, rounded, vary
from genmodels_ros.simulation.floor.layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.floor.plan import Walker
from genmodels_ros.simulation.floor.walkers import FASTEST, WalkerMotion


def varied(count=300):
    plain = [
        Walker(((0, 0), (3, 0), (3, 3)), 0.5, radius=0.22, kind="person" if i % 5 else "robot") for i in range(count)
    ]
    return vary(plain, np.random.default_rng(0))


def test_legs_stay_inside_the_body_and_apart_from_each_other():
    for walker in varied():
        if not walker.legs:
            continue
        assert 0.05 <= walker.legs <= 0.09
        for phase in np.linspace(0, 1, 41):
            left, right = leg_positions(walker, (1.0, 2.0, 0.7), phase, longest_reach(walker))
            for leg in (left, right):
                assert math.dist(leg, (1.0, 2.0)) + walker.legs <= walker.radius + 1e-9
            assert math.dist(left, right) >= 2 * walker.legs


def test_steps_are_as_long_as_people_make_them():
    spans = []
    for walker in varied():
        if walker.legs:
            ahead = [leg_positions(walker, (0, 0, 0), phase, longest_reach(walker)) for phase in np.linspace(0, 1, 101)]
            spans.append(max(abs(left[0] - right[0]) for left, right in ahead))
    assert 0.2 < min(spans) and max(spans) <= 0.35


def test_a_foot_that_stands_does_not_slide():
    walker = Walker(((0, 0), (10, 0)), 0.8, radius=0.3, legs=0.06)
    reach, cycle = longest_reach(walker), cycle_length(walker)
    stands = [leg_positions(walker, (phase * cycle, 0, 0), phase, reach)[0] for phase in np.linspace(0, 0.59, 30)]
    np.testing.assert_allclose(stands, np.tile(stands[0], (30, 1)), atol=1e-9)
    swings = [leg_positions(walker, (phase * cycle, 0, 0), phase, reach)[0][0] for phase in np.linspace(0.6, 1, 30)]
    assert (np.diff(swings) > 0).all() and swings[-1] == pytest.approx(stands[0][0] + cycle)


def test_feet_come_together_when_somebody_stands():
    walker = Walker(((0, 0), (4, 0)), 0.8, radius=0.3, pause=100.0, legs=0.06)
    motion = WalkerMotion(walker)
    for _ in range(100):
        motion.advance(0.02)
    (left, _), (right, _) = motion.legs
    assert abs(left - right) > 0.02
    for _ in range(400):
        motion.advance(0.02)
    (left, _), (right, _) = motion.legs
    assert motion.pose[0] == 4.0 and abs(left - right) < 1e-3


def test_about_half_of_those_who_walk_have_legs_and_no_robot_has():
    walkers = varied()
    assert 0.4 < np.mean([walker.legs > 0 for walker in walkers]) < 0.65
    assert all(walker.legs == 0 for walker in walkers if walker.kind == "robot")
    assert all(0.2 <= walker.speed <= FASTEST for walker in walkers)


def test_rounded_ways_keep_their_ends_and_stay_near():
    way = ((0.0, 0.0), (3.0, 0.0), (3.0, 2.0), (3.1, 2.0))
    smooth = np.array(rounded(way))
    assert tuple(smooth[0]) == way[0] and tuple(smooth[-1]) == way[-1]
    headings = np.unwrap(np.arctan2(*np.diff(smooth, axis=0).T[::-1]))
    assert np.abs(np.diff(headings)).max() < math.pi / 4  # of a corner of 90 degrees
    corner = np.linalg.norm(smooth - way[1], axis=1).min()
    assert 0 < corner < CORNER / math.sqrt(2)
    assert rounded(way[:2]) == way[:2]


def test_walkers_of_plans_stay_plain_until_varied():
    for plan in (demo_floor_plan(), random_floor_plan(3, 6)):
        assert plan.walkers and all(w.legs == w.pace_spread == w.halts == 0 for w in plan.walkers)
