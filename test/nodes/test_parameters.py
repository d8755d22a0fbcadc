"""One row says how a parameter is declared and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genmodels_ros.nodes.parameters import Parameter

SPEED = Parameter("speed", 0.4, "Along a path", "m/s", range=(0.1, 5.0))
COUNT = Parameter("count", 3, "How many", range=(1, 9))
STYLE = Parameter("style", "night", "Which look", choices=("night", "fog"))


def test_descriptors_carry_what_the_row_says():
    assert SPEED.descriptor.description == "Along a path [m/s]"
    (bounds,) = SPEED.descriptor.floating_point_range
    assert (bounds.from_value, bounds.to_value) == (0.1, 5.0)
    (bounds,) = COUNT.descriptor.integer_range
    assert (bounds.from_value, bounds.to_value) == (1, 9)
    assert STYLE.descriptor.additional_constraints == "one of: night, fog"
    assert Parameter("x", "", "Once", read_only=True).descriptor.read_only


@given(st.floats())
def test_ranges_hold_for_every_float(value):
    assert bool(SPEED.refusal(value)) != (0.1 <= value <= 5.0)


@pytest.mark.parametrize(
    ("row", "value", "words"),
    [
        (SPEED, 9.0, ("speed", "0.1", "5.0", "m/s", "9.0")),
        (COUNT, 0, ("count", "1", "9")),
        (STYLE, "x", ("night", "fog")),
    ],
)
def test_refusals_say_what_is_allowed(row, value, words):
    assert all(word in row.refusal(value) for word in words)
