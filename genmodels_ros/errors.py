"""What can go wrong, as one vocabulary for the library, the command line and the services.

The codes equal the constants of genmodels_interfaces/msg/ErrorCode (a test compares the two), so that a node can pass
them on without a table.
"""

from enum import IntEnum


class ErrorCode(IntEnum):
    """Meanings stand beside the constants of ErrorCode.msg."""

    SUCCESS = 1

    INTERNAL_ERROR = -1
    NOT_ACTIVE = -2
    MODEL_UNAVAILABLE = -3
    OUT_OF_MEMORY = -4
    CANCELLED = -5
    TIME_LIMIT = -6
    QUEUE_FULL = -7
    INVALID_CONFIG = -8
    INVALID_DATA = -9
    UNSUPPORTED = -10

    INVALID_COUNT = -20
    NOT_FINITE = -21
    WRONG_LENGTH = -22
    UNKNOWN_JOINT = -23
    MISSING_JOINT = -24
    UNKNOWN_FRAME = -25
    INVALID_OBSTACLE = -26
    INVALID_SCALING = -27
    INVALID_WEIGHTS = -28
    INVALID_HORIZON = -29
    NO_GOAL = -30
    INVALID_WORKSPACE = -31

    START_OUT_OF_LIMITS = -40
    GOAL_OUT_OF_LIMITS = -41
    START_IN_COLLISION = -42
    GOAL_IN_COLLISION = -43
    GOAL_UNREACHABLE = -44
    NO_SOLUTION = -45
    NO_ROBOT_STATE = -46
    TRAJECTORY_IN_COLLISION = -47
    TRAJECTORY_EXCEEDS_LIMITS = -48
    PERCEPTION_TOO_OLD = -49

    NO_OBSERVATION = -60
    INVALID_PATH = -61
    NO_DREAM = -62
    UNKNOWN_LATENT = -63

    INVALID_IMAGE = -80
    UNKNOWN_ENCODING = -81
    UNKNOWN_STYLE = -82
    LABEL_MISMATCH = -83
    INVALID_POINT_CLOUD = -84
    INVALID_CALIBRATION = -85


class GenModelsError(Exception):
    """A failure with a code a program can branch on and one sentence that tells a person what to do next."""

    def __init__(self, code: ErrorCode, message: str):
        super().__init__(message)
        self.code = code
        self.message = message
