"""What is found in a description: the chain, what may touch, what stands still; and that it comes back from YAML."""

import numpy as np
import pytest
import yaml

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.setup.arm_settings import Choices, find_settings
from genmodels_ros.robots.setup.arm_yaml import describe, to_yaml

LINK = '<link name="{}"><collision>{}<geometry><box size="{}"/></geometry></collision></link>'
JOINT = (
    '<joint name="{}" type="{}"><parent link="{}"/><child link="{}"/><origin xyz="{}"/><axis xyz="{}"/>' + "{}</joint>"
)
TURN = '<limit lower="-3.1" upper="3.1" velocity="1.5" effort="1"/>'
SLIDE = '<limit lower="0" upper="0.04" velocity="0.1" effort="1"/>'
ARM = "".join(
    (
        '<robot name="two fingers">',
        LINK.format("base", "", "0.1 0.1 0.1"),
        LINK.format("upper", '<origin xyz="0.15 0 0"/>', "0.25 0.05 0.05"),
        LINK.format("lower", '<origin xyz="0.1 0 0"/>', "0.15 0.05 0.05"),
        LINK.format("left", '<origin xyz="0 0.01 0"/>', "0.04 0.06 0.02"),
        LINK.format("right", '<origin xyz="0 -0.01 0"/>', "0.04 0.06 0.02"),
        '<link name="gripper_base"/>',
        JOINT.format("pan", "continuous", "base", "upper", "0 0 0.1", "0 0 1", ""),
        JOINT.format("bend", "revolute", "upper", "lower", "0.3 0 0", "0 1 0", TURN),
        JOINT.format("mount", "fixed", "lower", "gripper_base", "0.2 0 0", "0 0 0", ""),
        JOINT.format("left_finger", "prismatic", "gripper_base", "left", "0 0 0", "0 1 0", SLIDE),
        JOINT.format(
            "right_finger",
            "prismatic",
            "gripper_base",
            "right",
            "0 0 0",
            "0 -1 0",
            SLIDE + '<mimic joint="left_finger"/>',
        ),
        "</robot>",
    )
)


@pytest.fixture(scope="module")
def findings():
    return find_settings(ARM, choices=Choices(slack=0.05, most_spheres=2))


def test_the_chain_ends_where_the_gripper_begins(findings):
    settings = findings.settings
    assert (settings["base_frame"], settings["tool_frame"]) == ("base", "gripper_base")
    assert settings["joints"] == ["pan", "bend"] and settings["mounted_links"] == ["base"]
    assert settings["finger_joints"] == ["left_finger"] and settings["finger_position"] == 0.04


def test_continuous_joints_get_one_turn_and_it_is_said_what_was_chosen(findings):
    limits = findings.settings["limits"]
    assert limits["lower"][0] == pytest.approx(-np.pi) and limits["upper"][0] == pytest.approx(np.pi)
    assert limits["velocity"] == [1.0, 1.5]
    assert any("no velocity limit" in note for note in findings.notes)
    assert any("±π: pan" in note for note in findings.notes) and any("no SRDF" in note for note in findings.notes)


def test_a_joint_is_narrowed_to_where_the_arm_does_not_meet_itself(findings):
    """The lower arm folds back onto the upper one near ±3.1 rad, though neighbours are not checked; the fingers are."""
    assert findings.settings["limits"]["upper"][1] < 3.0 and any("bend narrowed" in note for note in findings.notes)


def test_yaml_describes_the_same_arm(findings, tmp_path):
    (tmp_path / "two_fingers.urdf").write_text(ARM)
    path = tmp_path / "two_fingers.yaml"
    path.write_text(to_yaml(findings, {"urdf": "two_fingers.urdf"}))
    robot = load_robot(path)
    assert robot.name == "two_fingers" and robot.joint_names == ("pan", "bend")
    np.testing.assert_allclose(robot.ready, findings.settings["ready"])
    assert robot.limits.lower.shape == (2,) and robot.within_limits(robot.ready)
    assert yaml.safe_load(path.read_text()).keys() >= findings.settings.keys()
    for word in ("pan", "upper", "notes", f"{1000 * findings.slack['upper']:.0f} mm"):
        assert word in describe(findings)


def test_pairs_that_always_touch_may_touch_and_others_are_checked():
    block = LINK.format("block", "", "0.3 0.12 0.12")  # in the way of the fingers, on the same body as the lower arm
    fixed = JOINT.format("glue", "fixed", "lower", "block", "0.1 0 0", "0 0 0", "")
    both = ARM.replace("</robot>", block + fixed + "</robot>")
    choices = Choices(tool_frame="gripper_base", slack=0.1, most_spheres=1)
    settings = find_settings(both, choices=choices).settings
    assert ["block", "left"] in settings["allowed_collisions"]
    assert ["base", "block"] not in settings["allowed_collisions"]


@pytest.mark.parametrize(
    ("choices", "code", "word"),
    [
        (Choices(tool_frame="nose"), ErrorCode.UNKNOWN_FRAME, "nose"),
        (Choices(base_frame="moon"), ErrorCode.UNKNOWN_FRAME, "moon"),
        (Choices(joints=("pan", "elbow")), ErrorCode.UNKNOWN_JOINT, "elbow"),
        (Choices(joints=("right_finger",)), ErrorCode.UNKNOWN_JOINT, "right_finger follows left_finger"),
    ],
)
def test_what_is_not_there_is_said(choices, code, word):
    with pytest.raises(GenModelsError) as error:
        find_settings(ARM, choices=choices)
    assert error.value.code == code and word in error.value.message


def test_a_description_without_collision_geometry_is_refused():
    bare = '<robot name="bare"><link name="a"/><link name="b"/>' + JOINT.format(
        "j", "revolute", "a", "b", "0 0 0", "0 0 1", TURN
    )
    with pytest.raises(GenModelsError) as error:
        find_settings(bare + "</robot>")
    assert "collision geometry" in error.value.message
