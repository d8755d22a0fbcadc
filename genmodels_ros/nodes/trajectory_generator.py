"""Ranked, verified arm trajectories on request: a service, a cancellable action, and verification by itself."""

import time
from pathlib import Path

import numpy as np
import torch
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from genmodels_interfaces.action import GenerateTrajectories as GenerateTrajectoriesAction
from genmodels_interfaces.msg import ObstacleArray, TrajectoryRequest, TrajectoryResult
from genmodels_interfaces.srv import GenerateTrajectories, VerifyTrajectory
from genmodels_ros.conversions.errors import answer, to_message
from genmodels_ros.conversions.markers import to_markers
from genmodels_ros.conversions.obstacles import to_scene
from genmodels_ros.conversions.requests import RequestDefaults, to_query, to_result
from genmodels_ros.conversions.trajectories import to_positions, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.request_queue import RequestQueue
from genmodels_ros.pipelines.trajectory_generation import CostWeights, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.trajectory import Trajectory

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
MARKER_POINTS = 60  # of a candidate's line


class TrajectoryGeneratorNode(ModelNode):
    """convert → TrajectoryGenerator → convert; one request at a time, the others wait in a bounded queue."""

    FAMILY, SHIPPED = "diffusion", "panda_diffusion"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        Parameter("robot", "panda", "Which arm it moves", load_time=True),
        Parameter("sampling.num_samples", 16, "Trajectories drawn where a request says 0", range=(1, 256)),
        Parameter("sampling.max_samples", 256, "Most trajectories a request may draw", range=(1, 1024)),
        Parameter("time_limit", 10.0, "Computation where a request says 0", "s", range=(0.01, 600.0)),
        Parameter("max_time_limit", 60.0, "Longest computation a request may ask for", "s", range=(0.01, 600.0)),
        Parameter("max_obstacles", 1000, "Most obstacles of a scene", range=(1, 100_000)),
        Parameter("queue.depth", 8, "Requests that may wait behind the running one", range=(0, 12), load_time=True),
        Parameter("queue.patience", 30.0, "Longest wait in the queue", "s", range=(0.01, 600.0), load_time=True),
        Parameter("joint_states.max_age", 1.0, "Oldest state that counts as current", "s", range=(0.01, 60.0)),
        Parameter("weights.length", 1.0, "Cost of joint-space length", "1/rad", range=(0.0, 1e3)),
        Parameter("weights.duration", 1.0, "Cost of duration", "1/s", range=(0.0, 1e3)),
        Parameter("weights.clearance", 0.05, "Cost of passing close to obstacles", "m", range=(0.0, 1e3)),
        Parameter("weights.smoothness", 0.05, "Cost of acceleration", "s^2/rad", range=(0.0, 1e3)),
    )

    def __init__(self, **options):
        super().__init__("trajectory_generator", **options)
        self.add_service(GenerateTrajectories, "~/generate", self.generate, group=self.concurrent)
        self.add_service(VerifyTrajectory, "~/verify", self.verify, group=self.concurrent)
        self._action = ActionServer(
            self,
            GenerateTrajectoriesAction,
            "~/generate_trajectories",
            self.execute,
            goal_callback=self.accept,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=self.concurrent,
        )

    def configure(self) -> None:
        self.robot = load_robot(self.value("robot"))
        self.queue = RequestQueue(self.value("queue.depth"), self.value("queue.patience"))
        self.markers = self.add_publisher(MarkerArray, "~/candidates", LATCHED)
        super().configure()

    def load(self, checkpoint: Path, device: str, precision: str) -> TrajectoryGenerator:
        return TrajectoryGenerator.from_checkpoint(
            checkpoint, robot=self.value("robot"), device=device, precision=precision
        )

    def warm_up(self) -> None:
        ready = self.robot.ready
        goal = np.clip(ready + 0.1, self.robot.limits.lower, self.robot.limits.upper)
        self.pipeline.generate(TrajectoryQuery(start=ready, goal_config=goal, num_samples=2, allow_fallback=False))

    def activate(self) -> None:
        self._joint_state = None
        self._scene, self._scene_error = Scene(), None
        self.add_subscription(JointState, "joint_states", self.receive_joint_state)
        self.add_subscription(ObstacleArray, "obstacles", self.receive_obstacles, LATCHED)

    # --- Topics

    def receive_joint_state(self, message: JointState) -> None:
        if set(self.robot.joint_names) <= set(message.name):  # others publish parts of the robot on the same topic
            self._joint_state = (time.monotonic(), message)

    def receive_obstacles(self, message: ObstacleArray) -> None:
        self._scene_error = None
        try:
            self._scene = to_scene(message, self.robot.base_frame, self.value("max_obstacles"))
        except GenModelsError as error:
            self._scene_error = error  # planning around an obstacle we could not read would be a lie
            raise

    # --- Services

    def generate(self, request: GenerateTrajectories.Request, response: GenerateTrajectories.Response) -> None:
        response.result = self.respond(request.request)

    def verify(self, request: VerifyTrajectory.Request, response: VerifyTrajectory.Response) -> None:
        trajectory = to_trajectory(request.trajectory, self.robot.joint_names, self.robot.finger_joints)
        scene = to_scene(request.obstacles, self.robot.base_frame, self.value("max_obstacles"))
        scene = scene if request.ignore_obstacles_topic else self.known_scene() + scene
        verdict = self.pipeline.verify(trajectory, scene, request.finger_position or None)
        response.error = to_message(ErrorCode.SUCCESS if verdict.valid else verdict.code, verdict.message)
        response.valid = verdict.valid
        response.first_invalid_time = _or_nan(verdict.first_invalid_time)
        response.min_clearance = _or_nan(verdict.min_clearance)
        response.length = trajectory.length

    def respond(self, request: TrajectoryRequest, progress=None, cancelled=lambda: False) -> TrajectoryResult:
        """The answer to a request, in its turn. Raises GenModelsError for what is wrong with it."""
        with self.queue.turn(lambda: cancelled() or not self.active), self.work, self.monitor.measure():
            self.require_active()
            query = to_query(request, self.robot, self.start_of(request), self.known_scene(request), self.defaults())
            result = self.pipeline.generate(query, progress, lambda: cancelled() or not self.active)
        header = Header(frame_id=self.robot.base_frame, stamp=self.get_clock().now().to_msg())
        if result.code == ErrorCode.SUCCESS:
            self.show(result.candidates, header)
        else:
            self.report(GenModelsError(result.code, result.message))
        return to_result(result, header)

    # --- Action

    def accept(self, request: GenerateTrajectoriesAction.Goal) -> GoalResponse:
        if self.active and not self.queue.full:
            return GoalResponse.ACCEPT
        reason = "the queue is full" if self.active else "the node is not active"
        self.get_logger().warning(f"Goal rejected: {reason}")
        return GoalResponse.REJECT

    def execute(self, goal: ServerGoalHandle) -> GenerateTrajectoriesAction.Result:
        def feedback(stage: str, step: int, num_steps: int) -> None:
            goal.publish_feedback(GenerateTrajectoriesAction.Feedback(stage=stage, step=step, num_steps=num_steps))

        result = GenerateTrajectoriesAction.Result()
        try:
            result.result = self.respond(goal.request.request, feedback, lambda: goal.is_cancel_requested)
        except Exception as error:
            answer(result, self.report(error))
        code = result.result.error.value
        if code == ErrorCode.SUCCESS:
            goal.succeed()
        elif code == ErrorCode.CANCELLED and goal.is_cancel_requested:
            goal.canceled()
        else:
            goal.abort()
        return result

    # --- What a request leaves to the node

    def start_of(self, request: TrajectoryRequest) -> np.ndarray | None:
        """The present configuration [D], if the request wants it. Raises GenModelsError(NO_ROBOT_STATE) without one."""
        if not request.use_current_state:
            return None
        moment, message = self._joint_state or (-np.inf, None)
        if time.monotonic() - moment > self.value("joint_states.max_age"):
            raise GenModelsError(
                ErrorCode.NO_ROBOT_STATE,
                f"No joint_states with all of {', '.join(self.robot.joint_names)} in the last "
                f"{self.value('joint_states.max_age'):g} s: publish them, or give a start.",
            )
        return to_positions(message, self.robot.joint_names, ignored=None, what="joint_states")

    def known_scene(self, request: TrajectoryRequest | None = None) -> Scene:
        """The topic's obstacles. Raises what was wrong with the last message, unless the request ignores the topic."""
        if request is not None and request.ignore_obstacles_topic:
            return Scene()
        if self._scene_error:
            raise self._scene_error
        return self._scene

    def defaults(self) -> RequestDefaults:
        return RequestDefaults(
            num_samples=self.value("sampling.num_samples"),
            max_samples=self.value("sampling.max_samples"),
            max_obstacles=self.value("max_obstacles"),
            time_limit=self.value("time_limit"),
            max_time_limit=self.value("max_time_limit"),
            weights=CostWeights(
                **{name: self.value(f"weights.{name}") for name in ("length", "duration", "clearance", "smoothness")}
            ),
        )

    def show(self, candidates, header: Header) -> None:
        """Publishes where the tool goes, for RViz."""
        self.markers.publish(to_markers([self.tool_path(candidate.trajectory) for candidate in candidates], header))

    def tool_path(self, trajectory: Trajectory) -> np.ndarray:
        """Where the tool frame goes [MARKER_POINTS at most, 3] m."""
        rows = np.unique(np.linspace(0, len(trajectory.positions) - 1, MARKER_POINTS).astype(int))
        poses = link_pose(self.robot.chain, torch.from_numpy(trajectory.positions[rows]), self.robot.tool_frame)
        return poses[:, :3, 3].numpy()


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


main = main_for(TrajectoryGeneratorNode)
