"""Whether the trajectory under way is still safe: judged again whenever the obstacles change.

Publishes ~/execution_valid at once, and again every `supervision.period` while something is under way, so that a
supervisor can take silence for danger. It stops nothing itself: docs/trajectory_generator.md shows who may.
"""

from collections.abc import Callable
from dataclasses import dataclass

from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from genmodels_interfaces.msg import ExecutionValidity
from genmodels_ros.conversions.errors import to_message
from genmodels_ros.conversions.stamps import to_seconds, to_stamp
from genmodels_ros.conversions.trajectories import from_present, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.arm.robot_state import RobotState
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.verification import Verification, verify_contact
from genmodels_ros.robots.trajectory import Trajectory

NAN = float("nan")


@dataclass(frozen=True)
class Command:
    """start: s of the node's clock; trajectory: None where it could not be read."""

    start: float
    trajectory: Trajectory | None = None

    def left(self, now: float) -> float:
        """Seconds to its end; NaN where that is not known."""
        return NAN if self.trajectory is None else self.start + self.trajectory.duration - now


class Supervision:
    """Follows the command topic joint_trajectory; remap it to the controller's."""

    PARAMETERS = (
        Parameter(
            "supervision.period",
            0.1,
            "Between messages while a trajectory is under way",
            "s",
            range=(0.01, 10.0),
            load_time=True,
        ),
    )

    def __init__(self, node: ManagedNode, robot: Robot):
        self._node, self._robot = node, robot
        self._publisher = node.add_publisher(ExecutionValidity, "~/execution_valid", LATCHED)

    def activate(self, state: RobotState, scene: Callable[[], Scene]) -> None:
        """Starts listening. scene: all obstacles known."""
        self._state, self._scene = state, scene
        self._command: Command | None = None
        self._judged: tuple[Command, Verification] | None = None
        self._node.add_farewell(self._leave)
        self._worker = self._node.add_worker(self._verify, alone=True)
        self._node.add_subscription(JointTrajectory, "joint_trajectory", self._receive)
        self._node.add_timer(self._node.value("supervision.period"), self._say)

    def scene_changed(self) -> None:
        """Judges what is under way anew."""
        if self._command is not None:
            self._worker.put(self._command)

    def follow(self, trajectory: Trajectory) -> Command:
        """Judges a motion that begins now, as one that is read from the topic."""
        command = self._command = Command(self._now(), trajectory)
        self._worker.put(command)
        return command

    def objection(self, command: Command) -> GenModelsError | None:
        """Why a command must not go on, as far as is known by now; that another one has come is a reason."""
        current, judged = self._command, self._judged
        if current is not None and current is not command:
            return GenModelsError(ErrorCode.CANCELLED, "Another command came on joint_trajectory: one at a time.")
        if judged is None or judged[0] is not command:
            return None
        verdict = self._blind() or judged[1]
        return None if verdict.valid else GenModelsError(verdict.code, verdict.message)

    def release(self, command: Command) -> None:
        """A command has ended, whenever it was to end."""
        if command is self._command and self._node.active:
            self._rest()

    def _receive(self, message: JointTrajectory) -> None:
        if not message.points:  # joint_trajectory_controller refuses an empty command, and goes on with the last
            return
        start = to_seconds(message.header.stamp) or self._now()
        try:
            if to_seconds(message.points[0].time_from_start) > 0:
                message = from_present(message, self._state.latest())
            self._command = Command(start, to_trajectory(message, self._robot.joint_names, None, "The command"))
            self._worker.put(self._command)
        except GenModelsError as error:
            self._command, self._judged = None, (Command(start), _refusal(error))
            self._say()
            raise

    def _verify(self, command: Command) -> None:
        """Judges the rest of a command among all obstacles, and says so."""
        try:
            elapsed = max(0.0, self._now() - command.start)
            verdict = verify_contact(command.trajectory, self._robot, self._scene(), elapsed)
        except GenModelsError as error:
            verdict = _refusal(error)
        if command is self._command:  # and no newer one has arrived meanwhile
            self._judged = command, verdict
            self._say()

    def _say(self) -> None:
        """Publishes the last judgement as of now; says once that the trajectory has ended."""
        judged, now = self._judged, self._now()
        if judged is None:
            return
        command, verdict = judged
        left = command.left(now)
        if left <= 0:
            self._rest()
            return
        verdict = self._blind() or verdict
        contact = NAN if verdict.first_invalid_time is None else command.start + verdict.first_invalid_time - now
        self._publish(verdict, executing=True, time_left=left, time_to_contact=contact)

    def _blind(self) -> Verification | None:
        """Why the scene cannot be known any more, or None: a view may have become too old since it was judged by."""
        try:
            self._scene()
        except GenModelsError as error:
            return _refusal(error)
        return None

    def _rest(self) -> None:
        """Nothing is under way."""
        self._command = self._judged = None
        self._publish(Verification(True, ErrorCode.SUCCESS, ""), time_to_contact=NAN)

    def _leave(self) -> None:
        """Nobody watches any more: what was said last must not stand."""
        error = GenModelsError(ErrorCode.NOT_ACTIVE, f"{self._node.get_name()} does not watch: activate it.")
        self._publish(_refusal(error), time_to_contact=NAN)

    def _publish(self, verdict: Verification, **fields) -> None:
        header = Header(frame_id=self._robot.base_frame, stamp=to_stamp(self._now()))
        error = to_message(verdict.code, "" if verdict.valid else verdict.message)
        self._publisher.publish(ExecutionValidity(header=header, valid=verdict.valid, error=error, **fields))

    def _now(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9


def _refusal(error: GenModelsError) -> Verification:
    return Verification(False, error.code, error.message)
