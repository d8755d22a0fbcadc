"""control_msgs/FollowJointTrajectory ↔ trajectories, tolerances and outcomes, where control_msgs is installed: it comes
with ros2_control, not with the wheels.
"""

from dataclasses import replace

import numpy as np
from builtin_interfaces.msg import Duration
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectoryPoint

from genmodels_ros.conversions.stamps import to_duration, to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.paths.tolerances import Tolerances

try:
    from control_msgs.action import FollowJointTrajectory as FOLLOW
except ImportError:
    FOLLOW = None

SUCCESSFUL, INVALID_GOAL, INVALID_JOINTS = 0, -1, -2  # of its result; a test compares them
JOINT_ERRORS = {ErrorCode.UNKNOWN_JOINT, ErrorCode.MISSING_JOINT}
UNCHANGED, ERASED = 0.0, -1.0  # JointTolerance.msg


def check_goal(goal) -> None:
    """Raises GenModelsError(UNSUPPORTED) for a goal with joints of several degrees of freedom, or that begins later."""
    if goal.multi_dof_trajectory.points or goal.component_path_tolerance or goal.component_goal_tolerance:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED, "The arm has no joint of several degrees of freedom: leave them out."
        )
    if to_seconds(goal.trajectory.header.stamp) != 0:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED,
            "The trajectory is to begin at a stamp: leave header.stamp zero, which means at once.",
        )


def to_tolerances(goal, joint_names: tuple[str, ...], default: Tolerances) -> Tolerances:
    """The goal's, over those by default.

    Raises GenModelsError: UNKNOWN_JOINT; NOT_FINITE for NaN or other negative numbers than -1; UNSUPPORTED for a
    tolerance of acceleration, which nobody measures.
    """
    time = goal.goal_time_tolerance
    if to_seconds(time) < 0:
        raise GenModelsError(ErrorCode.NOT_FINITE, "goal_time_tolerance must not be negative.")
    return replace(
        default,
        path=_changed(goal.path_tolerance, joint_names, default.path),
        goal=_changed(goal.goal_tolerance, joint_names, default.goal),
        goal_time=default.goal_time if time == Duration() else to_seconds(time),
    )


def fill_feedback(feedback, joint_names: tuple[str, ...], latest, header: Header) -> None:
    """latest: (s since the start, wanted [3, D] position, velocity, acceleration, actual [2, D])."""
    since, wanted, actual = latest
    feedback.header, feedback.joint_names = header, list(joint_names)
    feedback.desired = _point(since, *wanted)
    feedback.actual = _point(since, *actual)
    feedback.error = _point(since, *(wanted[:2] - actual))


def fill_result(result, code: int, message: str = "") -> None:
    """code: one of the result's constants."""
    result.error_code, result.error_string = int(code), message


def fill_refusal(result, error: GenModelsError) -> None:
    """INVALID_JOINTS or INVALID_GOAL with our own code and sentence."""
    code = INVALID_JOINTS if error.code in JOINT_ERRORS else INVALID_GOAL
    fill_result(result, code, f"{error.code.name}: {error.message}")


def _changed(tolerances, joint_names: tuple[str, ...], default: np.ndarray) -> np.ndarray:
    """[2, D]"""
    changed = default.copy()
    for tolerance in tolerances:
        if tolerance.name not in joint_names:
            raise GenModelsError(ErrorCode.UNKNOWN_JOINT, f"A tolerance is of the unknown joint {tolerance.name!r}.")
        if tolerance.acceleration not in (UNCHANGED, ERASED):
            raise GenModelsError(
                ErrorCode.UNSUPPORTED, f"Accelerations are not measured: {tolerance.name} asks for it."
            )
        for row, value in enumerate((tolerance.position, tolerance.velocity)):
            if not (value >= 0 or value == ERASED):  # also for NaN
                sentence = f"The tolerance {value} of {tolerance.name} must be positive, 0 or -1."
                raise GenModelsError(ErrorCode.NOT_FINITE, sentence)
            if value != UNCHANGED:
                changed[row, joint_names.index(tolerance.name)] = np.inf if value == ERASED else value
    return changed


def _point(since: float, positions, velocities, accelerations=()) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(
        time_from_start=to_duration(since),
        positions=list(map(float, positions)),
        velocities=list(map(float, velocities)),
        accelerations=list(map(float, accelerations)),
    )
