"""Maps as grids of occupied cells."""

import math

import numpy as np
import pytest

from genmodels_ros.conversions.maps import MAX_CELLS, to_occupied
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.simulated import to_occupancy_grid
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError


def a_map(rows=3, columns=5):
    occupied = np.random.default_rng(0).random((rows, columns)) < 0.5
    return occupied, to_occupancy_grid(occupied, 0.05, (-1.0, 2.0), header("map", 0.0))


def test_a_simulated_map_there_and_back():
    occupied, message = a_map()
    cells, resolution, origin = to_occupied(message)
    assert np.array_equal(cells, occupied) and resolution == pytest.approx(0.05) and origin == (-1.0, 2.0)


def test_what_is_unknown_or_likely_is_occupied():
    _, message = a_map(1, 4)
    message.data = [-1, 0, 49, 50]
    assert to_occupied(message)[0].tolist() == [[True, False, False, True]]


def broken(field: str, value):
    _, message = a_map()
    holder, name = (message.info, field) if hasattr(message.info, field) else (message, field)
    setattr(holder, name, value)
    return message


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (broken("width", 0), ErrorCode.INVALID_DATA),
        (broken("width", 6), ErrorCode.INVALID_DATA),
        (broken("height", MAX_CELLS), ErrorCode.INVALID_DATA),
        (broken("resolution", 0.0), ErrorCode.INVALID_DATA),
        (broken("resolution", math.nan), ErrorCode.INVALID_DATA),
        (broken("origin", from_planar((0.0, 0.0, 0.1))), ErrorCode.INVALID_DATA),
        (broken("origin", from_planar((math.nan, 0.0, 0.0))), ErrorCode.NOT_FINITE),
    ],
    ids=["no cells", "missing cells", "too many cells", "no size", "NaN size", "turned", "NaN origin"],
)
def test_a_map_that_is_none_is_refused(message, code):
    with pytest.raises(GenModelsError) as error:
        to_occupied(message)
    assert error.value.code == code and error.value.message.endswith(".")
