"""GenModelsError → ErrorCode message."""

from genmodels_interfaces.msg import ErrorCode as ErrorCodeMessage
from genmodels_ros.errors import ErrorCode, GenModelsError


def to_message(code: ErrorCode, message: str = "") -> ErrorCodeMessage:
    """The message for a code and its sentence."""
    return ErrorCodeMessage(value=int(code), message=message)


def answer(response, error: GenModelsError | None = None) -> None:
    """Writes `error`, or success where nothing is written yet, into a service or action answer.

    The ErrorCode is `response.error` or `response.result.error`; std_srvs answers have `success` and `message`. Others
    (nav_msgs/GetPlan) have no place for it.
    """
    if hasattr(response, "success"):
        response.success = error is None
        response.message = response.message if error is None else error.message
        return
    holder = response if hasattr(response, "error") else getattr(response, "result", None)
    if holder is None:
        return
    if error is not None:
        holder.error = to_message(error.code, error.message)
    elif holder.error.value == 0:
        holder.error = to_message(ErrorCode.SUCCESS)
