"""MoveIt's planning scene as obstacles, what the arm carries and may touch, where moveit_msgs is installed."""

import threading
from collections.abc import Callable

import numpy as np
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.qos import QoSProfile

from genmodels_ros.conversions.planning_scene import (
    GET_PLANNING_SCENE,
    PLANNING_SCENE,
    to_fixed,
    told_frames,
    updated,
)
from genmodels_ros.conversions.poses import to_matrix, to_pose
from genmodels_ros.conversions.transforms import TRANSFORMS
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.arm.robot_state import RobotState
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import TF_STATIC
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.scene.frames import Frames, fixed_to
from genmodels_ros.robots.scene.scene_objects import ObjectScene

DIFFERENCES = QoSProfile(depth=100)  # as move_group sends them: none may be lost
UNREADABLE, TOO_MANY = "<scene>", "<number>"  # among the problems
ASKING = 1.0  # s between looks whether somebody answers for the whole scene


class PlanningSceneInput:
    """Follows the topic monitored_planning_scene, and asks the service get_planning_scene once for what was before;
    `objects` is what is known. Frames come from /tf_static as well, where tf2_msgs is installed.
    """

    PARAMETERS = (
        Parameter("planning_scene.frame", "", "MoveIt's planning frame, where its messages do not tell where that is"),
        Parameter(
            "planning_scene.frame_pose",
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
            "Pose x y z qx qy qz qw of planning_scene.frame in the base frame",
        ),
    )

    def __init__(self, node: ManagedNode, robot: Robot):
        self._node, self._robot = node, robot
        self.objects, self._told, self._given, self._parents = ObjectScene(), {}, {}, {}
        self._lock = threading.Lock()  # between the topic and the service's answer
        self._remarked: set[str] = set()

    def activate(self, state: RobotState, changed: Callable[[], None]) -> None:
        """Starts listening; `changed` is called after every change. Raises GenModelsError for a pose that is none."""
        self._state, self._changed = state, changed
        self.objects, self._told, self._given, self._parents = ObjectScene(), {}, self._planning_frame(), {}
        if PLANNING_SCENE is None:
            return
        in_order = MutuallyExclusiveCallbackGroup()  # beside joint_states, which a large mesh must not keep waiting
        self._node.add_subscription(
            PLANNING_SCENE, "monitored_planning_scene", self._receive, DIFFERENCES, group=in_order
        )
        if TRANSFORMS is not None:
            self._node.add_subscription(TRANSFORMS, "/tf_static", self._receive_fixed, TF_STATIC, group=in_order)
        self._whole = self._node.add_client(GET_PLANNING_SCENE, "get_planning_scene")
        self._asked = False
        self._node.add_timer(ASKING, self._ask)

    @property
    def frames(self) -> dict[str, np.ndarray]:
        """{frame: base_from_frame [4, 4]}: what the planning scene tells counts most, then parameters, then tf."""
        return fixed_to(self._robot.base_frame, self._parents) | self._given | self._told

    def details(self) -> dict[str, str]:
        """Lines for the diagnostics."""
        return {} if PLANNING_SCENE is None else {"planning_scene_objects": str(len(self.objects.objects))}

    def _ask(self) -> None:
        if self._asked or not self._whole.service_is_ready():
            return
        self._asked = True
        future = self._whole.call_async(GET_PLANNING_SCENE.Request())  # no components named: all of them
        future.add_done_callback(self._answered)

    def _answered(self, future) -> None:
        if future.cancelled() or future.exception() is not None or not self._node.active:
            self._asked = False
            return
        scene = future.result().scene
        scene.is_diff = False
        try:
            self._receive(scene)
        except GenModelsError as error:
            self._node.report(error)

    def _receive_fixed(self, message) -> None:
        """Frames that stand still; a scene with problems may be read now, so it is asked for again."""
        for transform in message.transforms:
            try:
                self._parents = self._parents | dict([to_fixed(transform)])
            except GenModelsError as error:  # the others are as good as ever
                self._node.report(error)
        self._asked = self._asked and not self.objects.problems

    def _receive(self, message) -> None:
        with self._lock:
            before = self.objects
            self._take(message)
        if self.objects is not before:
            self._remark()
            self._changed()
        for name, problem in self.objects.problems.items():
            if before.problems.get(name) is not problem:
                raise problem

    def _take(self, message) -> None:
        try:
            self._told = self._told if message.is_diff else {}
            self._told = self._told | told_frames(message, self._robot, self.frames)
            frames = Frames(self._robot, self._state.current, self.frames)
            self.objects = self._bounded(updated(self.objects, message, frames))
        except GenModelsError as error:
            self._lose_track(error)
        except Exception:
            self._lose_track(GenModelsError(ErrorCode.INTERNAL_ERROR, "The planning scene was not read: see the log."))
            raise

    def _remark(self) -> None:
        """Says once of each rule of contact that it counts for nothing."""
        for remark in self.objects.rules.remarks(self.objects.objects, self._robot):
            if remark not in self._remarked:
                self._remarked.add(remark)
                self._node.get_logger().warning(remark)

    def _lose_track(self, error: GenModelsError) -> None:
        """What is known is not all there is any more, until the whole scene has come."""
        self.objects, self._asked = self.objects.fail(UNREADABLE, error), False

    def _bounded(self, objects: ObjectScene) -> ObjectScene:
        count, most = sum(len(thing.solids) for thing in objects.objects.values()), self._node.value("max_obstacles")
        if count <= most:
            return objects.drop(TOO_MANY)
        sentence = f"The planning scene needs {count} obstacles, more than max_obstacles, {most}: simplify its meshes."
        return objects.fail(TOO_MANY, GenModelsError(ErrorCode.INVALID_COUNT, sentence))

    def _planning_frame(self) -> dict[str, np.ndarray]:
        frame, values = self._node.value("planning_scene.frame"), list(self._node.value("planning_scene.frame_pose"))
        if len(values) != 7:
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"planning_scene.frame_pose needs x y z qx qy qz qw, got {len(values)} numbers."
            )
        pose = to_matrix(to_pose(values[:3], values[3:]), "planning_scene.frame_pose")
        return {frame: pose, "": pose} if frame else {}
