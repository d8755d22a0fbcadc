import math

import numpy as np
import pytest

from genmodels_ros.simulation.floor.plan import FloorPlan, plan_from_occupancy
from genmodels_ros.simulation.solids import Furniture


def test_occupancy_sees_legs_below_and_the_top_only_from_above():
    table = Furniture("table", 1.0, 1.0, 0.0, (1.0, 0.8, 0.75), (0.5, 0.5, 0.5))
    plan = FloorPlan((0.0, 0.0, 2.0, 2.0), furniture=(table,))
    low, high = plan.occupancy(0.05), plan.occupancy(0.05, height=1.0)
    assert not low.occupied[low.cell((1.0, 1.0))] and high.occupied[high.cell((1.0, 1.0))]
    assert low.occupied[low.cell((1.45, 1.35))]


def test_occupancy_round_trip():
    rng = np.random.default_rng(1)
    occupied = rng.random((30, 40)) < 0.2
    plan = plan_from_occupancy(occupied, 0.1, origin=(-1.0, 2.0))
    area = sum(block.dims[0] * block.dims[1] for block in plan.walls)
    assert area == pytest.approx(occupied.sum() * 0.01)
    assert len(plan.walls) < occupied.sum()
    for block in plan.walls:
        column, row = round((block.center[0] + 1.0) / 0.1 - 0.5), math.floor((block.center[1] - 2.0) / 0.1)
        assert occupied[row, column] or block.dims[0] > 0.15 or block.dims[1] > 0.15
