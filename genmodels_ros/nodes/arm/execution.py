"""~/execute: a FollowJointTrajectory action in front of the controller's, where control_msgs is installed.

What is not verified among the obstacles of this moment, or does not start where the arm stands, is not passed on; what
becomes invalid on its way is cancelled. The controller gets the motion that was verified, every derivative filled in.
Everything else is the controller's: tolerances, feedback, result, error code.
"""

import threading
import time
from functools import partial

import numpy as np
from action_msgs.msg import GoalStatus

from genmodels_ros.conversions.follow_trajectory import FOLLOW, check_goal, fill_refusal
from genmodels_ros.conversions.trajectories import from_present, to_joint_trajectory, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.robots.trajectory import Trajectory

POLL = 0.01  # s between looks at the goal, the verdict and the controller
MOVING = 0.05  # rad/s; an arm as fast as that does not stand


class Execution:
    """One motion at a time."""

    PARAMETERS = (
        Parameter(
            "execution.controller",
            "joint_trajectory_controller/follow_joint_trajectory",
            "Action of the controller that ~/execute passes verified trajectories to",
            load_time=True,
        ),
        Parameter("execution.start_tolerance", 0.02, "Between the arm and the start, a joint", "rad", (0.0, 0.5)),
        Parameter("execution.patience", 2.0, "For the controller to answer, or to stop", "s", (0.1, 60.0)),
    )

    def __init__(self, node: ManagedNode):
        self._node, self._busy = node, threading.Lock()
        if FOLLOW is not None:
            self._controller = node.add_action_client(FOLLOW, node.value("execution.controller"))
            node.add_action_server(FOLLOW, "~/execute", self._execute)

    def _execute(self, handle):
        result = FOLLOW.Result()
        if not self._busy.acquire(blocking=False):
            fill_refusal(result, GenModelsError(ErrorCode.QUEUE_FULL, "A motion is under way: cancel it, or wait."))
            handle.abort()
            return result
        try:
            trajectory = self._checked(handle.request)
            theirs = self._begun(handle, trajectory)
            status, result = self._accompanied(handle, theirs, trajectory)
            if status == GoalStatus.STATUS_SUCCEEDED:
                handle.succeed()
            elif status == GoalStatus.STATUS_CANCELED and handle.is_cancel_requested:
                handle.canceled()
            else:
                handle.abort()
        except Exception as error:
            fill_refusal(result, self._node.report(error))
            handle.abort()
        finally:
            self._busy.release()
        return result

    def _checked(self, goal) -> Trajectory:
        """The motion, verified. Raises GenModelsError for whatever forbids it."""
        node, names = self._node, self._node.robot.joint_names
        node.require_active()
        check_goal(goal)
        state = node.state.latest()
        trajectory = to_trajectory(from_present(goal.trajectory, state), names).resting()
        away = np.abs(trajectory.positions[0] - node.state.current()).max()
        if away > node.value("execution.start_tolerance"):
            raise GenModelsError(
                ErrorCode.TRAJECTORY_EXCEEDS_LIMITS,
                f"The trajectory starts {away:.3g} rad away from where the arm is: plan from its current state.",
            )
        speeds = [abs(speed) for name, speed in zip(state.name, state.velocity, strict=False) if name in names]
        if max(speeds, default=0.0) > MOVING:
            raise GenModelsError(ErrorCode.TRAJECTORY_EXCEEDS_LIMITS, "The arm is moving: wait until it stands.")
        verdict = node.pipeline.verify(trajectory, node.scene_input.scene())
        if not verdict.valid:
            raise GenModelsError(verdict.code, verdict.message)
        return trajectory

    def _begun(self, handle, trajectory: Trajectory):
        """The controller's handle of the goal. Raises GenModelsError where it does not take it."""
        goal = handle.request
        goal.trajectory = to_joint_trajectory(trajectory, goal.trajectory.header)
        patience, name = self._node.value("execution.patience"), self._node.value("execution.controller")
        silent = GenModelsError(
            ErrorCode.TIME_LIMIT, f"{name} did not answer within {patience:g} s: start it, or set execution.controller."
        )
        if not self._controller.wait_for_server(patience):
            raise silent
        sent = self._controller.send_goal_async(goal, partial(_pass_back, handle))
        if not _done(sent, patience):
            sent.add_done_callback(_cancel_late)
            raise silent
        if not sent.result().accepted:
            raise GenModelsError(ErrorCode.CANCELLED, f"{name} rejected the trajectory: see its log.")
        return sent.result()

    def _accompanied(self, handle, theirs, trajectory: Trajectory):
        """(status, result) of the controller's goal. Raises GenModelsError where the motion had to be stopped."""
        command, ended, why = self._node.supervision.follow(trajectory), theirs.get_result_async(), None
        try:
            while not _done(ended, POLL):
                why = self._objection(command)
                if why is not None or handle.is_cancel_requested:
                    break
            if not ended.done():
                theirs.cancel_goal_async()
                if not _done(ended, self._node.value("execution.patience")):
                    sentence = "The controller did not answer that its goal is cancelled: stop the arm by other means."
                    raise GenModelsError(ErrorCode.TIME_LIMIT, sentence)
        except Exception:
            theirs.cancel_goal_async()  # nothing moves that nobody watches
            raise
        finally:
            self._node.supervision.release(command)
        status = ended.result().status
        if why is not None and status != GoalStatus.STATUS_SUCCEEDED:  # it may have arrived meanwhile
            raise GenModelsError(why.code, f"Stopped on its way: {why.message}")
        return status, ended.result().result

    def _objection(self, command) -> GenModelsError | None:
        """Why the motion must not go on."""
        if not self._node.active:
            return GenModelsError(ErrorCode.NOT_ACTIVE, f"{self._node.get_name()} was deactivated.")
        return self._node.supervision.objection(command)


def _done(future, patience: float) -> bool:
    """Whether a future is done within `patience` s; the executor's other threads serve it meanwhile."""
    end = time.monotonic() + patience
    while not future.done() and time.monotonic() < end:
        time.sleep(0.002)
    return future.done()


def _pass_back(handle, message) -> None:
    if handle.is_active:
        handle.publish_feedback(message.feedback)


def _cancel_late(future) -> None:
    """What is accepted when nobody waits for it any more must not run."""
    if future.result().accepted:
        future.result().cancel_goal_async()
