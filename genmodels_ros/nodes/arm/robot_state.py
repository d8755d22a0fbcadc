"""What joint_states said lately: where the arm is now, and where it was when a sensor looked."""

import time
from collections import deque

import numpy as np
from sensor_msgs.msg import JointState

from genmodels_ros.conversions.stamps import to_seconds
from genmodels_ros.conversions.trajectories import to_positions
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.robots.description import Robot

KEPT = 2000  # messages: two seconds at 1 kHz


class RobotState:
    """Listens to joint_states; messages that hold only other joints (a gripper's, a second arm's) are left aside."""

    PARAMETERS = (
        Parameter("joint_states.max_age", 1.0, "Oldest state that counts as current", "s", range=(0.01, 60.0)),
    )

    def __init__(self, node: ManagedNode, robot: Robot):
        self._node, self._robot = node, robot
        self._recent: deque[tuple[float, float, JointState]] = deque(maxlen=KEPT)  # arrival s, stamp s, message
        node.add_subscription(JointState, "joint_states", self.receive)

    def receive(self, message: JointState) -> None:
        if set(self._robot.joint_names) <= set(message.name):
            self._recent.append((time.monotonic(), to_seconds(message.header.stamp), message))

    def latest(self) -> JointState:
        """The newest message. Raises GenModelsError(NO_ROBOT_STATE) if there is none of the last `max_age` seconds."""
        arrival, _, message = self._recent[-1] if self._recent else (-np.inf, 0.0, None)
        max_age = self._node.value("joint_states.max_age")
        if time.monotonic() - arrival > max_age:
            raise GenModelsError(
                ErrorCode.NO_ROBOT_STATE,
                f"No joint_states with all of {', '.join(self._robot.joint_names)} in the last {max_age:g} s: "
                "publish them, or give a start.",
            )
        return message

    def current(self) -> np.ndarray:
        """The present configuration [D] rad. Raises GenModelsError: NO_ROBOT_STATE, NOT_FINITE."""
        return self._positions(self.latest())

    def at(self, stamp: float) -> np.ndarray:
        """The configuration [D] rad nearest in time to a sensor's stamp in s, the latest for stamp 0; raises as
        `current`, also where no state is within `max_age` of the stamp.
        """
        latest = self.latest()
        if stamp == 0:
            return self._positions(latest)
        apart, message = min(((abs(at - stamp), m) for _, at, m in list(self._recent)), key=lambda entry: entry[0])
        if apart > self._node.value("joint_states.max_age"):
            raise GenModelsError(
                ErrorCode.NO_ROBOT_STATE,
                f"The joint_states nearest to the sensor's stamp are {apart:.3g} s off: stamp both by the same clock.",
            )
        return self._positions(message)

    def _positions(self, message: JointState) -> np.ndarray:
        return to_positions(message, self._robot.joint_names, ignored=None, what="joint_states")
