import numpy as np
import pytest

from genmodels_ros.conversions.follow_trajectory import (
    FOLLOW,
    INVALID_GOAL,
    INVALID_JOINTS,
    SUCCESSFUL,
    fill_refusal,
    to_tolerances,
)
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.paths.tolerances import Tolerances
from genmodels_ros.simulation.arm.tracking import Outcome

pytestmark = pytest.mark.skipif(FOLLOW is None, reason="control_msgs is no wheel: it comes with ros2_control")
NAMES = ("one", "two", "three")
DEFAULT = Tolerances.default(3)


def test_the_numbers_are_those_of_the_action():
    result = FOLLOW.Result
    assert (SUCCESSFUL, INVALID_GOAL, INVALID_JOINTS) == (result.SUCCESSFUL, result.INVALID_GOAL, result.INVALID_JOINTS)
    for outcome in Outcome:
        if outcome <= 0:
            assert outcome == getattr(result, outcome.name)


def test_zero_keeps_the_default_and_minus_one_erases_it():
    from control_msgs.msg import JointTolerance

    goal = FOLLOW.Goal()
    same = to_tolerances(goal, NAMES, DEFAULT)
    np.testing.assert_array_equal(same.path, DEFAULT.path)
    np.testing.assert_array_equal(same.goal, DEFAULT.goal)
    assert same.goal_time == DEFAULT.goal_time
    goal.path_tolerance = [
        JointTolerance(name="two", position=0.5, velocity=2.0),
        JointTolerance(name="three", position=-1.0),
    ]
    goal.goal_tolerance = [JointTolerance(name="one", velocity=-1.0)]
    goal.goal_time_tolerance.nanosec = 500_000_000
    found = to_tolerances(goal, NAMES, DEFAULT)
    np.testing.assert_array_equal(found.path, [[DEFAULT.path[0, 0], 0.5, np.inf], [np.inf, 2.0, np.inf]])
    np.testing.assert_array_equal(found.goal[0], DEFAULT.goal[0])
    np.testing.assert_array_equal(found.goal[1], [np.inf, *DEFAULT.goal[1, 1:]])
    assert found.goal_time == 0.5
    np.testing.assert_array_equal(DEFAULT.path, Tolerances.default(3).path)


@pytest.mark.parametrize(
    ("code", "theirs"),
    [
        (ErrorCode.UNKNOWN_JOINT, "INVALID_JOINTS"),
        (ErrorCode.MISSING_JOINT, "INVALID_JOINTS"),
        (ErrorCode.TRAJECTORY_IN_COLLISION, "INVALID_GOAL"),
    ],
)
def test_a_refusal_says_why(code, theirs):
    result = FOLLOW.Result()
    fill_refusal(result, GenModelsError(code, "A sentence."))
    assert result.error_code == getattr(FOLLOW.Result, theirs) and result.error_string == f"{code.name}: A sentence."
