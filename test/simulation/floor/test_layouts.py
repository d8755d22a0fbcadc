import numpy as np

from genmodels_ros.simulation.floor.layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.solids import KINDS

PLANS = [demo_floor_plan(), *(random_floor_plan(seed) for seed in range(20))]


def test_same_seed_same_plan_other_seed_another():
    assert random_floor_plan(3) == random_floor_plan(3)
    assert random_floor_plan(3) != random_floor_plan(4)


def test_doors_are_wide_enough_and_open():
    doors = [(plan, door) for plan in PLANS for door in plan.doors]
    assert len(doors) > 20
    for plan, door in doors:
        assert door.width >= 0.9
        grid = plan.occupancy(0.025)
        assert grid.distance[grid.cell((door.x, door.y))] > door.width / 2 - 0.05


def test_people_never_walk_through_anything():
    walkers = [(plan, walker) for plan in PLANS for walker in plan.walkers]
    assert len(walkers) > 20
    for plan, walker in walkers:
        grid = plan.occupancy(0.05, height=2.0)
        for a, b in zip(walker.waypoints, walker.waypoints[1:], strict=False):
            for point in np.linspace(a, b, 20):
                assert grid.distance[grid.cell(point)] > walker.radius - 0.08


def test_plans_vary():
    rooms = {len(plan.walls) for plan in PLANS}
    people = {len(plan.walkers) for plan in PLANS}
    kinds = {piece.kind for plan in PLANS for piece in plan.furniture}
    assert len(rooms) > 5 and len(people) >= 5 and kinds == set(KINDS)
