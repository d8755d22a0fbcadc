"""Nav2's own messages, where nav2_msgs is installed: it comes with ROS 2, not with the wheels.

Meanings are those of Nav2 for Jazzy: the comments in nav2_msgs, nav2_controller's controller_server.cpp.
"""

import math

from nav_msgs.msg import Path

from genmodels_ros.conversions.stamps import to_duration
from genmodels_ros.errors import ErrorCode, GenModelsError

try:
    from nav2_msgs.action import ComputePathToPose as COMPUTE_PATH
    from nav2_msgs.action import FollowPath as FOLLOW_PATH
    from nav2_msgs.msg import SpeedLimit as SPEED_LIMIT
    from nav2_msgs.srv import IsPathValid as IS_PATH_VALID
except ImportError:
    COMPUTE_PATH = FOLLOW_PATH = SPEED_LIMIT = IS_PATH_VALID = None

NO_LIMIT = 0.0  # SpeedLimit.speed_limit
# By the name of FollowPath's constant, and with the reasons for which controller_server gives each.
FOLLOW_PATH_CODES = {
    ErrorCode.SUCCESS: "NONE",
    ErrorCode.CANCELLED: "NONE",  # by the client or a newer path: no error, as there
    ErrorCode.UNSUPPORTED: "INVALID_CONTROLLER",
    ErrorCode.UNKNOWN_FRAME: "TF_ERROR",
    ErrorCode.INVALID_PATH: "INVALID_PATH",
    ErrorCode.NOT_FINITE: "INVALID_PATH",
    ErrorCode.INVALID_COUNT: "INVALID_PATH",
    ErrorCode.NO_SOLUTION: "FAILED_TO_MAKE_PROGRESS",
    ErrorCode.NO_OBSERVATION: "CONTROLLER_TIMED_OUT",  # there: sensors that no longer reach the costmap
}
# The same of ComputePathToPose and planner_server.
COMPUTE_PATH_CODES = {
    ErrorCode.SUCCESS: "NONE",
    ErrorCode.CANCELLED: "NONE",
    ErrorCode.UNSUPPORTED: "INVALID_PLANNER",
    ErrorCode.UNKNOWN_FRAME: "TF_ERROR",
    ErrorCode.NO_OBSERVATION: "TF_ERROR",  # there: no pose of the robot
    ErrorCode.START_OUT_OF_LIMITS: "START_OUTSIDE_MAP",
    ErrorCode.GOAL_OUT_OF_LIMITS: "GOAL_OUTSIDE_MAP",
    ErrorCode.START_IN_COLLISION: "START_OCCUPIED",
    ErrorCode.GOAL_IN_COLLISION: "GOAL_OCCUPIED",
    ErrorCode.NO_SOLUTION: "NO_VALID_PATH",
}


def to_speed_limit(percentage: float, header):
    """The SpeedLimit of a percentage of the full speed; NO_LIMIT lifts it."""
    return SPEED_LIMIT(header=header, percentage=True, speed_limit=percentage)


def from_speed_limit(message, full_speed: float) -> float:
    """The share of `full_speed` (m/s) that a SpeedLimit leaves, at most 1; no limit is 1.

    Raises GenModelsError(INVALID_SCALING) for a limit that is negative or not finite.
    """
    limit = message.speed_limit
    if not (math.isfinite(limit) and limit >= 0):
        raise GenModelsError(
            ErrorCode.INVALID_SCALING,
            f"A speed limit is finite and not negative, got {limit}: the last one stays.",
        )
    if limit == NO_LIMIT:
        return 1.0
    return min(1.0, limit / (100.0 if message.percentage else full_speed))


def to_route(path: Path) -> Path:
    """The path with at least two poses, where it has any: Nav2 sends one where the goal is where the robot stands."""
    return Path(header=path.header, poses=list(path.poses) * 2) if len(path.poses) == 1 else path


def check_plugins(goal, own: dict[str, str]) -> None:
    """A goal may leave controller and checkers empty or name ours: `own` {field: name}.

    Raises GenModelsError(UNSUPPORTED) for another.
    """
    for field, name in own.items():
        asked = getattr(goal, field)
        if asked not in ("", name):
            raise GenModelsError(
                ErrorCode.UNSUPPORTED, f"{field} is {asked!r}: leave it empty, or give this node's parameter that name."
            )


def to_follow_path_result(error: GenModelsError | None):
    """The result of a path that was followed to its end, or not."""
    return _with_code(FOLLOW_PATH.Result(), FOLLOW_PATH_CODES, error)


def to_computed_path(path: Path | None, seconds: float, error: GenModelsError | None):
    """The result of a search that took `seconds`: the path it found, or why it found none."""
    result = COMPUTE_PATH.Result(path=path or Path(), planning_time=to_duration(seconds))
    return _with_code(result, COMPUTE_PATH_CODES, error)


def _with_code(result, codes: dict[ErrorCode, str], error: GenModelsError | None):
    """A code that says nothing there is UNKNOWN."""
    code = ErrorCode.SUCCESS if error is None else error.code
    result.error_code = getattr(type(result), codes.get(code, "UNKNOWN"))
    if hasattr(result, "error_msg"):  # not in Jazzy's first releases
        result.error_msg = "" if error is None else error.message
    return result
