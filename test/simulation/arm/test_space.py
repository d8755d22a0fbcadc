import numpy as np
import pytest

from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.space import PANDA, arm_space


def test_the_space_of_the_panda_is_the_one_that_furniture_is_drawn_for():
    space = arm_space(load_robot("panda"))
    np.testing.assert_allclose(space.shoulder, PANDA.shoulder, atol=1e-9)
    assert space.reach == pytest.approx(PANDA.reach, rel=0.01)
    assert space.fingertip == pytest.approx(PANDA.fingertip, abs=0.005)
