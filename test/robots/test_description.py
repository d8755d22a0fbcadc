"""What the Panda is, and what is said of robots that are not there."""

import shutil

import numpy as np
import pinocchio as pin
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots import description
from genmodels_ros.robots.description import SHIPPED, load_robot, load_robot_from_description, save_robot


def test_limits_agree_with_the_urdf(panda):
    model = pin.buildModelFromUrdf(str(panda.urdf))
    index = [model.joints[model.getJointId(name)].idx_q for name in panda.joint_names]
    np.testing.assert_allclose(panda.limits.lower, model.lowerPositionLimit[index])
    np.testing.assert_allclose(panda.limits.upper, model.upperPositionLimit[index])
    np.testing.assert_allclose(panda.limits.velocity, model.upperVelocityLimit[index])


def test_loading_is_cached_and_fingers_are_part_of_the_robot(panda):
    assert load_robot("panda") is panda and panda.finger_position == 0.04
    assert load_robot("panda", 0.065).finger_position == 0.065


def test_self_collision_pairs_leave_out_neighbours(panda):
    assert ("panda_link1", "panda_link2") not in panda.collision_pairs
    assert ("panda_link0", "panda_hand") in panda.collision_pairs


@pytest.mark.parametrize("name", ["nobody", "../panda", ""])
def test_unknown_robots_are_refused(name):
    with pytest.raises(GenModelsError) as error:
        load_robot(name)
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE and "panda" in error.value.message


def test_fingers_beyond_reason_are_refused():
    with pytest.raises(GenModelsError):
        load_robot("panda", 0.5)


def test_a_yaml_anywhere_describes_a_robot_and_relative_names_start_at_it(tmp_path):
    for suffix in ("yaml", "urdf", "srdf"):
        shutil.copy(SHIPPED / f"planar2.{suffix}", tmp_path)
    (tmp_path / "planar2.yaml").rename(tmp_path / "mine.yaml")
    mine, shipped = load_robot(tmp_path / "mine.yaml"), load_robot("planar2")
    assert mine.name == "mine" and mine.urdf == tmp_path / "planar2.urdf"
    assert mine.joint_names == shipped.joint_names and mine.collision_pairs == shipped.collision_pairs
    (tmp_path / "planar2.urdf").unlink()
    (tmp_path / "mine.yaml").rename(tmp_path / "other.yaml")
    with pytest.raises(GenModelsError) as error:
        load_robot(tmp_path / "other.yaml")
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE and "planar2.urdf" in error.value.message


def test_a_saved_robot_is_the_same_without_the_package_of_its_description(panda, tmp_path, monkeypatch):
    save_robot(panda, tmp_path / "robot.json")
    monkeypatch.setattr(description, "find_package", lambda *_: pytest.fail("looked for a package"))
    saved = load_robot(tmp_path / "robot.json")
    assert saved is not panda and saved.name == "panda" and saved.collision_pairs == panda.collision_pairs
    for name, values in vars(panda.limits).items():
        np.testing.assert_array_equal(getattr(saved.limits, name), values)
    np.testing.assert_array_equal(saved.spheres.centers, panda.spheres.centers)
    np.testing.assert_array_equal(saved.chain.constant, panda.chain.constant)


def test_a_description_given_as_text_is_checked_against_its_settings(panda):
    source = panda.source
    given = load_robot_from_description(source.urdf, source.settings, source.srdf)
    assert given.name == "robot_description" and given.collision_pairs == panda.collision_pairs
    assert len(load_robot_from_description(source.urdf, source.settings).collision_pairs) > len(panda.collision_pairs)
    for change, code in (
        ({"tool_frame": "nose"}, ErrorCode.UNKNOWN_FRAME),
        ({"joints": ["panda_joint9"]}, ErrorCode.UNKNOWN_JOINT),
        ({"ready": [0.0, 1.0]}, ErrorCode.WRONG_LENGTH),
        ({"limits": {"lower": [0.0]}}, ErrorCode.MODEL_UNAVAILABLE),
        ({"joints": None}, ErrorCode.MODEL_UNAVAILABLE),
    ):
        with pytest.raises(GenModelsError) as error:
            load_robot_from_description(source.urdf, source.settings | change, source.srdf)
        assert error.value.code == code, change
    for text in ("", "<robot/>", "no xml"):
        with pytest.raises(GenModelsError):
            load_robot_from_description(text, source.settings)
