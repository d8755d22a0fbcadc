"""Tolerances by default are the same in both simulators; what exceeds one is named."""

from pathlib import Path

import numpy as np
import yaml

import genmodels_ros
from genmodels_ros.robots.paths.tolerances import Tolerances

CONTROLLERS = Path(genmodels_ros.__file__).resolve().parents[1] / "config" / "gazebo" / "ros2_controllers.yaml"


def test_defaults_are_those_of_the_controller_in_gazebo(panda):
    constraints = yaml.safe_load(CONTROLLERS.read_text())["/**/joint_trajectory_controller"]["ros__parameters"][
        "constraints"
    ]
    default = Tolerances.default(7)
    np.testing.assert_array_equal(default.path[0], [constraints[name]["trajectory"] for name in panda.joint_names])
    np.testing.assert_array_equal(default.goal[0], [constraints[name]["goal"] for name in panda.joint_names])
    assert (default.goal[1] == constraints["stopped_velocity_tolerance"]).all()
    assert default.goal_time == constraints["goal_time"] and np.isinf(default.path[1]).all()


def test_what_exceeds_most_is_named():
    tolerances, error = Tolerances.default(3), np.zeros((2, 3))
    assert tolerances.off_path(error) is None and tolerances.off_goal(error) is None
    error[0] = 0.1, -0.3, 0.25
    assert tolerances.off_path(error) == (0, 1)
    error[1, 2] = 5.0
    assert tolerances.off_path(error) == (0, 1) and tolerances.off_goal(error) == (1, 2)
