"""ErrorCode → moveit_msgs/MoveItErrorCodes; needs no moveit_msgs itself (a test compares the numbers)."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from genmodels_ros.errors import ErrorCode, GenModelsError


class MoveItCode(IntEnum):
    """Those constants of MoveItErrorCodes that are answered here."""

    SUCCESS = 1
    FAILURE = 99999
    PLANNING_FAILED = -1
    TIMED_OUT = -6
    PREEMPTED = -7
    START_STATE_IN_COLLISION = -10
    GOAL_IN_COLLISION = -12
    INVALID_GROUP_NAME = -15
    INVALID_GOAL_CONSTRAINTS = -16
    INVALID_ROBOT_STATE = -17
    INVALID_LINK_NAME = -18
    FRAME_TRANSFORM_FAILURE = -21
    COLLISION_CHECKING_UNAVAILABLE = -22
    ROBOT_STATE_STALE = -23
    SENSOR_INFO_STALE = -24
    START_STATE_INVALID = -26
    GOAL_STATE_INVALID = -27
    NO_IK_SOLUTION = -31


CODES = {
    ErrorCode.SUCCESS: MoveItCode.SUCCESS,
    ErrorCode.CANCELLED: MoveItCode.PREEMPTED,
    ErrorCode.TIME_LIMIT: MoveItCode.TIMED_OUT,
    ErrorCode.UNSUPPORTED: MoveItCode.PLANNING_FAILED,
    ErrorCode.INVALID_SCALING: MoveItCode.PLANNING_FAILED,
    ErrorCode.NO_SOLUTION: MoveItCode.PLANNING_FAILED,
    ErrorCode.UNKNOWN_FRAME: MoveItCode.FRAME_TRANSFORM_FAILURE,
    ErrorCode.INVALID_OBSTACLE: MoveItCode.COLLISION_CHECKING_UNAVAILABLE,
    ErrorCode.INVALID_COUNT: MoveItCode.COLLISION_CHECKING_UNAVAILABLE,  # of obstacles; others are within bounds here
    ErrorCode.NO_GOAL: MoveItCode.INVALID_GOAL_CONSTRAINTS,
    ErrorCode.START_OUT_OF_LIMITS: MoveItCode.START_STATE_INVALID,
    ErrorCode.GOAL_OUT_OF_LIMITS: MoveItCode.GOAL_STATE_INVALID,
    ErrorCode.START_IN_COLLISION: MoveItCode.START_STATE_IN_COLLISION,
    ErrorCode.GOAL_IN_COLLISION: MoveItCode.GOAL_IN_COLLISION,
    ErrorCode.GOAL_UNREACHABLE: MoveItCode.NO_IK_SOLUTION,
    ErrorCode.NO_ROBOT_STATE: MoveItCode.ROBOT_STATE_STALE,
    ErrorCode.PERCEPTION_TOO_OLD: MoveItCode.SENSOR_INFO_STALE,
}
TELLING = {ErrorCode.UNKNOWN_FRAME, ErrorCode.NO_ROBOT_STATE}  # whatever they are about


class Refusal(GenModelsError):
    """A GenModelsError that has a MoveItCode of its own: what it is about decides, not only what it is."""

    def __init__(self, error: GenModelsError, moveit_code: MoveItCode):
        super().__init__(error.code, error.message)
        self.moveit_code = moveit_code


@contextmanager
def about(moveit_code: MoveItCode) -> Iterator[None]:
    """What is wrong inside is answered with this code, unless it tells more by itself."""
    try:
        yield
    except Refusal:
        raise
    except GenModelsError as error:
        if error.code in TELLING:
            raise
        raise Refusal(error, moveit_code) from error


def to_moveit_code(error: GenModelsError) -> MoveItCode:
    """FAILURE where MoveIt has no word for it."""
    return getattr(error, "moveit_code", None) or CODES.get(error.code, MoveItCode.FAILURE)
