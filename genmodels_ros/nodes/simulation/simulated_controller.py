"""The simulated arm's joint_trajectory_controller: the action that MoveIt and others execute by, where control_msgs is.

As ros2_control's, a newer goal or command takes the place of the one under way, and a goal that is cancelled leaves the
arm where it is. What cannot be followed is aborted with a sentence instead of being rejected without one.
"""

import time
from concurrent.futures import Future
from functools import partial

from trajectory_msgs.msg import JointTrajectory

from genmodels_ros.conversions.follow_trajectory import (
    FOLLOW,
    INVALID_GOAL,
    SUCCESSFUL,
    check_goal,
    fill_feedback,
    fill_refusal,
    fill_result,
    to_tolerances,
)
from genmodels_ros.conversions.stamps import header
from genmodels_ros.conversions.trajectories import from_present, to_joint_state, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.robots.paths.tolerances import Tolerances
from genmodels_ros.simulation.arm.tracking import Outcome, TrackedMotion
from genmodels_ros.simulation.runner import Runner
from genmodels_ros.simulation.world import World

NAME = "joint_trajectory_controller/follow_joint_trajectory"
FEEDBACK_PERIOD = 0.05  # s
PATIENCE = 5.0  # s for the world to take a command up


class SimulatedController:
    """Follows trajectories for the topic and, where control_msgs is installed, for the action NAME."""

    def __init__(self, node: ManagedNode):
        self._node, self._runner = node, None
        self._motion: TrackedMotion | None = None
        if FOLLOW is not None:
            node.add_action_server(FOLLOW, NAME, self.execute)

    def activate(self, runner: Runner) -> None:
        """Before the runner starts: what was given up when the node was deactivated does not go on."""
        self._runner = runner
        if self._motion is not None:
            self._motion.stop(runner.world)

    def watch(self, world: World) -> None:
        """After every control step, in the thread of the world."""
        if self._motion is not None:
            self._motion.watch(world)

    def follow(self, message: JointTrajectory, world: World) -> None:
        """The arm follows a command, from where it is to a first point later than 0. Raises GenModelsError."""
        arm = world.arm
        present = to_joint_state(arm.robot.joint_names, arm.positions, arm.velocities, message.header)
        arm.set_trajectory(to_trajectory(from_present(message, present), arm.robot.joint_names))

    def execute(self, handle):
        """The action: follows, tells how far it is, and how it ended."""
        result, motion = FOLLOW.Result(), None
        try:
            motion = self._taken_up(self._runner.submit(partial(self._begin, handle.request)))
            self._accompany(handle, motion)
        except Exception as error:
            fill_refusal(result, self._node.report(error))
            handle.abort()
            return result
        if motion.outcome == Outcome.SUCCESSFUL:
            handle.succeed()
        elif handle.is_cancel_requested and motion.outcome == Outcome.STOPPED:
            handle.canceled()
        else:
            handle.abort()
        stopped = {Outcome.STOPPED: SUCCESSFUL, Outcome.REPLACED: INVALID_GOAL}
        fill_result(result, stopped.get(motion.outcome, motion.outcome), motion.message)
        return result

    def _begin(self, goal, world: World) -> TrackedMotion:
        check_goal(goal)
        names = world.arm.robot.joint_names
        tolerances = to_tolerances(goal, names, Tolerances.default(len(names)))
        self.follow(goal.trajectory, world)
        before, self._motion = self._motion, TrackedMotion(world.arm, tolerances, world.time)
        if before is not None:
            before.watch(world)  # and finds itself replaced
        return self._motion

    def _taken_up(self, begun: Future) -> TrackedMotion:
        """Raises GenModelsError: why it cannot be followed; NOT_ACTIVE or TIME_LIMIT where the world does not go on."""
        end = time.monotonic() + PATIENCE
        while not begun.done():
            self._node.require_active()
            if time.monotonic() > end:
                raise GenModelsError(ErrorCode.TIME_LIMIT, "The simulation does not go on: see its log.")
            time.sleep(0.005)
        return begun.result()

    def _accompany(self, handle, motion: TrackedMotion) -> None:
        """Until the motion ends. Raises GenModelsError(NOT_ACTIVE) where the node goes first."""
        feedback, asked = FOLLOW.Feedback(), False
        while not motion.ended.wait(FEEDBACK_PERIOD):
            self._node.require_active()
            if handle.is_cancel_requested and not asked:
                asked = True
                self._runner.submit(motion.stop)
            stamp = self._node.get_clock().now().nanoseconds * 1e-9
            fill_feedback(feedback, motion.joint_names, motion.latest, header("", stamp))
            handle.publish_feedback(feedback)
