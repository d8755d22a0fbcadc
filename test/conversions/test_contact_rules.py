"""A planning scene's matrix, padding and scale: whole scenes replace all, differences what MoveIt's replace."""

from types import SimpleNamespace

import pytest

from genmodels_ros.conversions.contact_rules import MARGINS, MATRIX, with_rules
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import LinkMargin
from genmodels_ros.robots.scene.contact_rules import ContactRules
from genmodels_ros.robots.scene.scene_objects import ObjectScene

ROBOT = load_robot("panda")
PAIR = ("panda_leftfinger", "box")


def matrix(*pairs, names=None, **defaults):
    names = names or sorted({name for pair in pairs for name in pair})
    rows = [SimpleNamespace(enabled=[{one, two} in map(set, pairs) for two in names]) for one in names]
    return SimpleNamespace(
        entry_names=names,
        entry_values=rows,
        default_entry_names=list(defaults),
        default_entry_values=list(defaults.values()),
    )


def message(allowed=None, padding=None, scale=None, is_diff=True):
    return SimpleNamespace(
        is_diff=is_diff,
        allowed_collision_matrix=allowed or matrix(),
        link_padding=[SimpleNamespace(link_name=link, padding=value) for link, value in (padding or {}).items()],
        link_scale=[SimpleNamespace(link_name=link, scale=value) for link, value in (scale or {}).items()],
    )


def after(*messages) -> ObjectScene:
    known = ObjectScene()
    for one in messages:
        known = with_rules(known if one.is_diff else ObjectScene(), one, ROBOT)
    return known


def test_a_matrix_replaces_the_one_before_and_silence_leaves_it():
    first = message(matrix(PAIR))
    assert after(first).rules.allowed.allows(*PAIR)
    assert after(first, message(padding={"panda_hand": 0.1})).rules.allowed.allows(*PAIR)
    replaced = after(first, message(matrix(("panda_hand", "shelf")))).rules.allowed
    assert not replaced.allows(*PAIR) and replaced.allows("panda_hand", "shelf")
    assert not after(first, message(matrix(names=list(PAIR)))).rules.allowed.allows(*PAIR), "plainly forbidden"
    assert not after(first, message(is_diff=False)).rules.allowed.allows(*PAIR)


def test_defaults_come_with_a_matrix_or_a_whole_scene_and_not_alone():
    """MoveIt takes a difference for one with a matrix where it names entries."""
    assert after(message(matrix(box=True), is_diff=False)).rules.allowed.allows(*PAIR)
    assert after(message(matrix(names=["box"], box=True))).rules.allowed.allows(*PAIR)
    assert not after(message(matrix(box=True))).rules.allowed.allows(*PAIR)


def test_padding_and_scale_change_link_by_link():
    known = after(
        message(padding={"panda_hand": 0.1}), message(padding={"panda_link7": 0.2}, scale={"panda_hand": 1.1})
    )
    assert set(known.rules.margins) == {LinkMargin("panda_hand", 0.1, 1.1), LinkMargin("panda_link7", 0.2)}
    assert after(message(padding={"panda_hand": 0.1}), message(padding={"panda_hand": 0.0})).rules.margins == ()
    assert after(message(padding={"panda_hand": 0.1}), message(is_diff=False)).rules.margins == ()


def test_the_same_said_again_is_the_same():
    said = message(matrix(PAIR), {"panda_hand": 0.1}, {"panda_hand": 1.0})
    known = after(said)
    assert with_rules(known, said, ROBOT) is known is with_rules(known, message(), ROBOT)


def test_a_matrix_that_cannot_be_read_forbids_planning_and_allows_nothing():
    broken = matrix(PAIR)
    broken.entry_values = broken.entry_values[:1]
    known = after(message(matrix(PAIR)), message(broken))
    assert known.problems[MATRIX].code == ErrorCode.WRONG_LENGTH and known.rules.allowed.names == set()
    with pytest.raises(GenModelsError):
        _ = known.scene
    assert with_rules(known, message(matrix(PAIR)), ROBOT).problems == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e30, 1e30])
@pytest.mark.parametrize("what", ["padding", "scale"])
def test_margins_that_are_no_numbers_forbid_planning(what, value):
    known = after(message(padding={"panda_hand": 0.1}), message(**{what: {"panda_link7": value}}))
    assert known.problems[MARGINS].code == ErrorCode.NOT_FINITE
    assert with_rules(known, message(padding={"panda_link7": 0.0}), ROBOT).problems == {}


def test_nothing_said_is_no_rule():
    rules = after(message(), message(is_diff=False)).rules
    assert rules == ContactRules(links=ROBOT.chain.link_names) and rules.margins == ()
