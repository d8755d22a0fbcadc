"""Rules only ever add to what a robot's description says, and tell what they cannot do."""

import pytest

from genmodels_ros.robots.collision.attachment import carrying
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import LinkMargin
from genmodels_ros.robots.scene.allowed_collisions import AllowedCollisions
from genmodels_ros.robots.scene.contact_rules import ContactRules
from genmodels_ros.robots.urdf import read_disabled_pairs


def rules(robot, pairs=(), defaults=None, **margins) -> ContactRules:
    allowed = AllowedCollisions({frozenset(pair): value for *pair, value in pairs}, defaults or {})
    return ContactRules(allowed, links=robot.chain.link_names, **margins)


def test_links_and_what_they_carry_may_touch_an_object_by_name_or_default(panda):
    by_name = rules(panda, [("panda_hand", "box", True), ("cup", "box", True), ("panda_link7", "box", False)])
    assert by_name.touching("box", ["cup"]) == ("panda_hand", "cup") and by_name.touching("shelf", ["cup"]) == ()
    by_default = rules(panda, [("panda_hand", "box", False)], {"box": True})
    assert set(by_default.touching("box", ["cup"])) == {*panda.chain.link_names, "cup"} - {"panda_hand"}


def test_no_margin_is_less_than_the_link_itself(panda):
    padding = {"panda_hand": 0.02, "panda_link5": -0.05, "panda_link6": -0.05, "elbow": 0.1}
    found = rules(panda, padding=padding, scale={"panda_link6": 1.1, "panda_link5": 0.5, "panda_hand": 0.5}).margins
    assert set(found) == {LinkMargin("panda_hand", 0.02, 1.0), LinkMargin("panda_link6", 0.0, 1.1)}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"pairs": [("panda_hand", "mug", True)]}, "mug"),
        ({"defaults": {"mug": True}}, "mug"),
        ({"padding": {"elbow": 0.1}}, "elbow"),
        ({"scale": {"elbow": 1.2}}, "elbow"),
        ({"padding": {"panda_hand": -0.1}}, "panda_hand"),
        ({"scale": {"panda_hand": 0.9}}, "panda_hand"),
        ({"pairs": [("panda_link3", "panda_link4", False)]}, "panda_link3 and panda_link4"),
    ],
)
def test_what_counts_for_nothing_is_told(panda, given, word):
    (remark,) = rules(panda, **given).remarks(["box"], panda)
    assert word in remark and remark.endswith(".")


def test_what_counts_is_not_remarked_on(panda):
    pairs = [("panda_hand", "box", True), ("panda_link3", "panda_link4", True), ("panda_hand", "mug", False)]
    margins = {"padding": {"panda_hand": 0.1, "elbow": 0.0}, "scale": {"panda_hand": 1.1, "elbow": 1.0}}
    assert rules(panda, pairs, {"mug": False}, **margins).remarks(["box"], panda) == []
    assert ContactRules().remarks([], panda) == []


def test_a_matrix_that_repeats_the_srdf_changes_and_says_nothing(panda):
    """As every matrix of MoveIt's does, so that nothing is made anew for it."""
    names, disabled = panda.chain.link_names, read_disabled_pairs(panda.source.srdf)
    rows = [[frozenset((one, other)) in disabled for other in names] for one in names]
    given = ContactRules(AllowedCollisions.from_matrix(names, rows), links=names)
    assert len(given.allowed.among(names)) == len(disabled) > 20
    assert carrying(panda, (), given.allowed.among(names)) is panda and given.remarks([], panda) == []


def test_pairs_that_the_settings_check_against_the_srdf_are_told():
    """The UR5's upper arm swings past its base in spite of what the SRDF says."""
    ur5 = load_robot("ur5")
    (remark,) = rules(ur5, [("base_link", "upper_arm_link", True)]).remarks([], ur5)
    assert "base_link and upper_arm_link are checked" in remark
