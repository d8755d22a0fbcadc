"""Ranked, verified arm trajectories on request: a service, a cancellable action, and verification by itself."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rclpy.action import GoalResponse
from rclpy.action.server import ServerGoalHandle
from std_msgs.msg import Header

from genmodels_interfaces.action import GenerateTrajectories as GenerateTrajectoriesAction
from genmodels_interfaces.msg import TrajectoryRequest, TrajectoryResult
from genmodels_interfaces.srv import GenerateTrajectories, VerifyTrajectory
from genmodels_ros.conversions.errors import answer, to_message
from genmodels_ros.conversions.obstacles import to_scene
from genmodels_ros.conversions.requests import deadline_of, hurried, to_failure, to_query, to_result
from genmodels_ros.conversions.trajectories import other_joints, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.action_server import action_server
from genmodels_ros.nodes.arm.execution import Execution
from genmodels_ros.nodes.arm.markers import TrajectoryMarkers
from genmodels_ros.nodes.arm.motion_plans import MotionPlans
from genmodels_ros.nodes.arm.robot_source import PARAMETERS as ROBOT
from genmodels_ros.nodes.arm.robot_source import robot_of
from genmodels_ros.nodes.arm.robot_state import RobotState
from genmodels_ros.nodes.arm.scene_input import SceneInput
from genmodels_ros.nodes.arm.supervision import Supervision
from genmodels_ros.nodes.arm.trajectory_parameters import PARAMETERS as SAMPLING
from genmodels_ros.nodes.arm.trajectory_parameters import request_defaults, sampling_settings
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.request_queue import RequestQueue
from genmodels_ros.pipelines.arm.goals import prepare
from genmodels_ros.pipelines.arm.trajectory_generation import GenerationResult, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene


class TrajectoryGeneratorNode(ModelNode):
    """convert → TrajectoryGenerator → convert; one request at a time, the others wait in a bounded queue."""

    FAMILY, SHIPPED = "diffusion", "panda_diffusion"  # of the default arm; `configure` takes that of the arm at hand
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        *ROBOT,
        *SAMPLING,
        Parameter("queue.depth", 8, "Requests that may wait behind the running one", range=(0, 12), load_time=True),
        Parameter("queue.patience", 30.0, "Longest wait without a deadline", "s", range=(0.01, 600.0), load_time=True),
        *RobotState.PARAMETERS,
        *SceneInput.PARAMETERS,
        *Supervision.PARAMETERS,
        *Execution.PARAMETERS,
        *MotionPlans.PARAMETERS,
    )

    def __init__(self, **options):
        self.robot: Robot | None = None
        super().__init__("trajectory_generator", **options)
        self.add_service(GenerateTrajectories, "~/generate", self.generate, group=self.concurrent, needs_active=False)
        self.add_service(VerifyTrajectory, "~/verify", self.verify, group=self.concurrent)
        MotionPlans(self)
        action_server(self, GenerateTrajectoriesAction, "~/generate_trajectories", self.execute, self.accept)

    def configure(self) -> None:
        self.robot = robot_of(self)
        self.SHIPPED = f"{self.robot.name}_diffusion"
        self.queue = RequestQueue(self.value("queue.depth"), self.value("queue.patience"))
        self.markers = TrajectoryMarkers(self, self.robot)
        self.scene_input = SceneInput(self, self.robot)
        self.supervision = Supervision(self, self.robot)
        Execution(self)
        super().configure()

    def load(self, checkpoint: Path, device: str, precision: str) -> TrajectoryGenerator:
        return TrajectoryGenerator.from_checkpoint(
            checkpoint,
            robot=self.robot,
            device=device,
            precision=precision,
            sampling=sampling_settings(self),
            prior=Path(prior) if (prior := self.value("sampling.prior")) else None,
        )

    def warm_up(self) -> None:
        ready = self.robot.ready
        goal = np.clip(ready + 0.1, self.robot.limits.lower, self.robot.limits.upper)
        self.pipeline.generate(TrajectoryQuery(start=ready, goal_config=goal, num_samples=2, allow_fallback=False))
        prepare(self.robot)

    def activate(self) -> None:
        self.state = RobotState(self, self.robot)
        self.supervision.activate(self.state, self.scene_input.scene)
        self.scene_input.activate(self.state, self.supervision.scene_changed)

    def details(self) -> dict[str, str]:
        seen = {} if self.pipeline is None else self.scene_input.details()
        return {**super().details(), **seen}

    # --- Services

    def generate(self, request: GenerateTrajectories.Request, response: GenerateTrajectories.Response) -> None:
        response.result = to_failure(self.robot)
        self.require_active()
        response.result = self.respond(request.request)

    def verify(self, request: VerifyTrajectory.Request, response: VerifyTrajectory.Response) -> None:
        trajectory = to_trajectory(request.trajectory, self.robot.joint_names, other_joints(self.robot))
        scene = to_scene(request.obstacles, self.robot.base_frame, self.value("max_obstacles"))
        scene = self.known_scene(request) + scene
        verdict = self.pipeline.verify(trajectory, scene, request.finger_position or None, request.from_time)
        response.error = to_message(ErrorCode.SUCCESS if verdict.valid else verdict.code, verdict.message)
        response.valid = verdict.valid
        response.first_invalid_time = _or_nan(verdict.first_invalid_time)
        response.min_clearance = _or_nan(verdict.min_clearance)
        response.length = trajectory.length

    def respond(self, request: TrajectoryRequest, progress=None, cancelled=lambda: False) -> TrajectoryResult:
        """The answer to a request, in its turn. Raises GenModelsError for what is wrong with it."""
        arrived, deadline = time.monotonic(), deadline_of(request)
        show = {"on_denoised": self.markers.show_samples} if request.show_denoising else {}

        def think(withdrawn: Callable[[], bool]) -> GenerationResult:
            query = hurried(self.query_of(request), deadline, time.monotonic() - arrived)
            return self.pipeline.generate(query, progress, withdrawn, **show)

        result = self.in_turn(think, deadline, cancelled)
        return to_result(result, self.robot, Header(frame_id=self.robot.base_frame))

    def in_turn(
        self, think: Callable[[Callable[[], bool]], GenerationResult], deadline=None, cancelled=lambda: False
    ) -> GenerationResult:
        """What `think(withdrawn)` finds when its turn has come: shown in RViz, or reported where it is nothing.

        Raises GenModelsError: NOT_ACTIVE, those of the queue, and what `think` raises.
        """

        def withdrawn() -> bool:
            return cancelled() or not self.active

        with self.queue.turn(withdrawn, deadline), self.work, self.monitor.measure():
            self.require_active()
            result = think(withdrawn)
        if result.code == ErrorCode.SUCCESS:
            # no stamp: to a controller, "start when you receive it"
            self.markers.show(result.candidates, Header(frame_id=self.robot.base_frame))
        else:
            self.report(GenModelsError(result.code, result.message))
        return result

    def query_of(self, request: TrajectoryRequest) -> TrajectoryQuery:
        """The query of a request, completed by what the node knows. Raises GenModelsError."""
        start = self.state.current() if request.use_current_state else None
        return to_query(request, self.robot, start, self.known_scene(request), request_defaults(self))

    def known_scene(self, request) -> Scene:
        """What the node knows of beside a request's own obstacles; what the arm carries is never ignored."""
        return self.scene_input.carried() if request.ignore_obstacles_topic else self.scene_input.scene()

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

        result = GenerateTrajectoriesAction.Result(result=to_failure(self.robot))
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


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


main = main_for(TrajectoryGeneratorNode)
