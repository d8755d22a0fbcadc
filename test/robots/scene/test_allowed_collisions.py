"""A matrix allows what it says plainly, defaults where it says nothing, and nothing else."""

from itertools import product

import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.scene.allowed_collisions import AllowedCollisions

NAMES = ["hand", "finger", "box"]


def matrix(*allowed, names=NAMES, defaults=None) -> AllowedCollisions:
    rows = [[{one, other} in [set(pair) for pair in allowed] for other in names] for one in names]
    defaults = defaults or {}
    return AllowedCollisions.from_matrix(names, rows, list(defaults), list(defaults.values()))


def test_an_entry_counts_in_both_orders_and_nothing_else_does():
    allowed = matrix(("finger", "box"))
    for one, other in product((*NAMES, "shelf"), repeat=2):
        assert allowed.allows(one, other) == ({one, other} == {"finger", "box"})


@pytest.mark.parametrize(
    ("defaults", "allowed"),
    [
        ({"box": True}, True),
        ({"shelf": True}, True),
        ({"box": False}, False),
        ({"box": True, "shelf": True}, True),
        ({"box": True, "shelf": False}, False),
        ({"hand": True}, False),
    ],
)
def test_where_there_is_no_entry_all_defaults_that_there_are_must_allow(defaults, allowed):
    assert (
        matrix(defaults=defaults).allows("box", "shelf") == allowed == matrix(defaults=defaults).allows("shelf", "box")
    )


def test_an_entry_that_forbids_is_stronger_than_a_default_that_allows():
    allowed = matrix(("finger", "box"), defaults={"box": True})
    assert allowed.allows("finger", "box") and not allowed.allows("hand", "box") and allowed.allows("arm", "box")


def test_what_is_said_twice_must_be_allowed_twice():
    assert not AllowedCollisions.from_matrix(["a", "b"], [[False, True], [False, False]]).allows("a", "b")
    thrice = AllowedCollisions.from_matrix(
        ["a", "b", "b"], [[False, True, False], [True, False, True], [False, True, False]]
    )
    assert not thrice.allows("a", "b")
    assert not AllowedCollisions.from_matrix([], [], ["a", "a"], [True, False]).allows("a", "b")


@pytest.mark.parametrize(
    "given",
    [
        (["a", "b"], [[True, True]]),
        (["a", "b"], [[True, True], [True]]),
        ([], [[True]]),
        (["a"], [[True]], ["a"], []),
        ([], [], [], [True]),
    ],
)
def test_a_matrix_that_is_none_is_refused(given):
    with pytest.raises(GenModelsError) as error:
        AllowedCollisions.from_matrix(*given)
    assert error.value.code == ErrorCode.WRONG_LENGTH and error.value.message.endswith(".")


def test_pairs_among_names_and_a_matrix_without_some():
    allowed = matrix(("finger", "box"), ("hand", "finger"), defaults={"shelf": True})
    assert allowed.among(("hand", "finger", "box", "arm")) == (("hand", "finger"), ("finger", "box"))
    assert allowed.names == {"hand", "finger", "box", "shelf"}
    left = allowed.without({"box", "shelf"})
    assert left.names == {"hand", "finger"} and not left.allows("finger", "shelf") and left.allows("hand", "finger")
    assert AllowedCollisions().among(NAMES) == ()
