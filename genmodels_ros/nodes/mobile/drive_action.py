"""An action whose goals are drives: accepted while the node is active, fed back, cancelled, ended as the drive ends."""

from collections.abc import Callable
from contextlib import suppress

from rclpy._rclpy_pybind11 import RCLError
from rclpy.action import GoalResponse
from rclpy.action.server import ServerGoalHandle

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.action_server import action_server

LOOK = 0.05  # s between looks at a running action
KEPT = 10  # s that a result can be asked for, as in Nav2; rclpy's 900 would keep one for each path of a quarter hour


class DriveAction:
    """One action of a node that has `active`, `concurrent`, `report` and `finish(drive, error)`.

    begin(request) → DriveUnderWay, or raises GenModelsError; feedback(drive) → its message;
    conclude(drive or None, error or None) → the result.
    """

    def __init__(self, node, action_type, name: str, begin: Callable, feedback: Callable, conclude: Callable):
        self._node, self._name = node, name
        self._begin, self._feedback, self._conclude = begin, feedback, conclude
        action_server(node, action_type, name, self._execute, self._accept, KEPT)

    def _accept(self, request) -> GoalResponse:
        reason = self._refusal()
        if not reason:
            return GoalResponse.ACCEPT
        self._node.get_logger().warning(f"Goal of {self._name} rejected: {reason}")
        return GoalResponse.REJECT

    def _refusal(self) -> str:
        """Why no goal can be taken; empty if one can. Two servers of one action would both drive the base."""
        if not self._node.active:
            return "the node is not active"
        own = (self._node.get_name(), self._node.get_namespace())
        servers = self._node.get_publishers_info_by_topic(f"{self._name}/_action/status")
        others = {(server.node_name, server.node_namespace) for server in servers} - {own}
        return f"{min(others)[0]} serves it, too: leave one of them out, or name one otherwise" if others else ""

    def _execute(self, goal: ServerGoalHandle):
        drive, error = None, None
        try:
            drive = self._begin(goal.request)
            while not drive.done.wait(LOOK):
                goal.publish_feedback(self._feedback(drive))
                if goal.is_cancel_requested:
                    self._node.finish(drive, GenModelsError(ErrorCode.CANCELLED, "The client cancelled the drive."))
            if drive.error is not None:
                raise drive.error
            goal.succeed()
        except Exception as failure:
            error = end_failed(self._node, goal, failure)
        return self._conclude(drive, error)


def end_failed(node, goal: ServerGoalHandle, failure: Exception) -> GenModelsError | None:
    """Ends a goal that did not succeed: what its result tells of; None where Ctrl-C has left nobody to tell.

    Who cancelled wanted the end, and Nav2 sends a newer path once a second: that is not reported as a failure.
    """
    if not node.context.ok():
        with suppress(RCLError):
            goal.abort()
        return None
    cancelled = isinstance(failure, GenModelsError) and failure.code == ErrorCode.CANCELLED
    error = failure if cancelled else node.report(failure)
    goal.canceled() if cancelled and goal.is_cancel_requested else goal.abort()
    return error
