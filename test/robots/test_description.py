"""What the Panda is, and what is said of robots that are not there."""

import numpy as np
import pinocchio as pin
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot


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
