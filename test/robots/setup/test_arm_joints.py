"""Which joints are an arm's, by a description of joints alone; whole descriptions: test_arm_settings.py."""

import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.setup.arm_joints import arm_joints, tool_link
from genmodels_ros.robots.urdf import read_joints

LINKS = ("rail", "base", "upper", "lower", "wrist", "flange", "finger", "antenna")
JOINTS = (
    ("slide", "prismatic", "rail", "base"),
    ("pan", "revolute", "base", "upper"),
    ("bend", "revolute", "upper", "lower"),
    ("turn", "revolute", "lower", "wrist"),
    ("end", "fixed", "wrist", "flange"),
    ("finger_joint", "prismatic", "flange", "finger"),
    ("wave", "revolute", "base", "antenna"),
)


@pytest.fixture(scope="module")
def joints():
    links = "".join(f'<link name="{name}"/>' for name in LINKS)
    limit = '<limit lower="-1" upper="1" velocity="1" effort="1"/>'
    tree = "".join(
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>{limit}</joint>'
        for name, kind, parent, child in JOINTS
    )
    return read_joints(f'<robot name="arm">{links}{tree}</robot>')


def test_the_longest_way_is_the_arm_and_the_gripper_is_not_part_of_it(joints):
    assert arm_joints(joints) == ("slide", "pan", "bend", "turn")


def test_a_base_and_a_tool_cut_it_at_both_ends(joints):
    assert arm_joints(joints, tool_frame="lower", base_frame="base") == ("pan", "bend")
    assert arm_joints(joints, tool_frame="antenna") == ("slide", "wave")


def test_the_tool_is_the_link_that_is_called_so(joints):
    assert tool_link(joints, "turn") == "flange" and tool_link(joints, "bend") == "lower"


@pytest.mark.parametrize(("tool", "base"), [("moon", None), ("flange", "antenna")])
def test_what_is_not_on_the_way_is_refused(joints, tool, base):
    with pytest.raises(GenModelsError) as error:
        arm_joints(joints, tool, base)
    assert error.value.code == ErrorCode.UNKNOWN_FRAME
