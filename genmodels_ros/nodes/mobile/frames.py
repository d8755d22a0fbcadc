"""Places and paths of messages brought to the base and its odometry, from `map` and whatever else tf knows, too."""

import threading

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType

from genmodels_ros.conversions.plans import to_place
from genmodels_ros.conversions.poses import relative_to
from genmodels_ros.conversions.rollouts import Bounds, to_paths
from genmodels_ros.conversions.transforms import TRANSFORMS, from_transform
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.observation_input import ObservationInput
from genmodels_ros.nodes.qos import TF, TF_STATIC
from genmodels_ros.pipelines.mobile.frame_tree import FrameTree
from genmodels_ros.pipelines.mobile.routes import to_odom

LOOK = 0.1  # s between looks at what has come
ONE_PATH = Bounds(sequences=1, steps=0)


class Unheard(CallbackGroup):
    """Whose messages wait until somebody takes them: 100 callbacks a second for tf would take an eighth of a core."""

    def can_execute(self, entity) -> bool:
        return False

    def beginning_execution(self, entity) -> bool:
        return False

    def ending_execution(self, entity) -> None:
        pass


class Frames:
    """Looks at `/tf` and `/tf_static` from activation to deactivation, where tf2_msgs is installed.

    The newest of each transform counts. A path is read once, when it comes, and a planner sends a newer one before
    localisation has moved far: neither needs a history of transforms, and tf2's own buffer is no wheel.
    """

    def __init__(self, node: ManagedNode, listening: ObservationInput):
        """Made on activation."""
        self._node, self._listening, self._tree = node, listening, FrameTree()
        self._taking, self._subscriptions = threading.Lock(), []
        if TRANSFORMS is not None:
            group = Unheard()
            self._subscriptions = [
                node.add_subscription(TRANSFORMS, topic, self._receive, qos, group)
                for topic, qos in (("/tf", TF), ("/tf_static", TF_STATIC))
            ]
            node.add_farewell(self._forget)
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            node.add_timer(LOOK, self._take, group=node.concurrent, clock=steady)

    def place(self, message: PoseStamped, pose: np.ndarray, what: str = "The goal") -> np.ndarray:
        """[3] in odom, for the base at `pose` [3] in odom. Raises GenModelsError: UNKNOWN_FRAME, NOT_FINITE."""
        there, *frames = self._standing(message, what, pose)
        return to_odom(pose, relative_to(there, to_place(message, what, there, *frames)))

    def path(self, message: Path, pose: np.ndarray) -> np.ndarray:
        """[P, 3] in the base frame, for the base at `pose` [3] in odom. Raises GenModelsError as `to_paths`."""
        return self.paths([message], pose, ONE_PATH)[0]

    def paths(self, messages: list[Path], pose: np.ndarray, bounds: Bounds) -> list[np.ndarray]:
        """Each [P, 3] in the base frame, for the base at `pose` [3] in odom. Raises GenModelsError as `to_paths`."""
        return to_paths(messages, lambda message, what: self._standing(message, what, pose), bounds)

    def _standing(self, message: PoseStamped | Path, what: str, pose: np.ndarray) -> tuple[np.ndarray, str, str]:
        """Where the base stands [3] in the frame that the message is to be read in, that frame, the base's frame."""
        frame, odom_frame, base_frame = (
            message.header.frame_id, self._listening.odom_frame, self._node.value("base_frame")
        )  # fmt: skip
        if frame in (odom_frame, base_frame):
            return pose, odom_frame, base_frame
        return to_odom(self.odom_in(frame, what), pose), frame, base_frame

    def odom_in(self, frame: str, what: str) -> np.ndarray:
        """Where the odometry lies [3] in `frame`, which is `what`'s. Raises GenModelsError(UNKNOWN_FRAME)."""
        self._take()
        odom_frame = self._listening.odom_frame
        odom = self._tree.pose(odom_frame, frame.lstrip("/")) if frame else None
        if odom is None:
            raise GenModelsError(
                ErrorCode.UNKNOWN_FRAME,
                f"{what} is in {frame!r}, and tf does not tell where {odom_frame!r} lies in it: give it in "
                f"{odom_frame!r} or {self._node.value('base_frame')!r}, or start the localisation.",
            )
        return odom

    def _take(self) -> None:
        """All that has come since the last look."""
        with self._taking:
            for subscription in self._subscriptions:
                with subscription.handle:
                    while (taken := subscription.handle.take_message(TRANSFORMS, False)) is not None:
                        self._receive(taken[0])

    def _forget(self) -> None:
        with self._taking:
            self._subscriptions = []

    def _receive(self, message) -> None:
        for transform in message.transforms:
            try:
                self._tree.put(*from_transform(transform))
            except GenModelsError as error:  # the others are as good as ever
                self._node.report(error)
