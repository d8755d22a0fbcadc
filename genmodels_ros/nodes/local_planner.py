"""Drives a mobile base to a goal by imagining what commands lead to: scan and odometry in, cmd_vel out."""

import time
from pathlib import Path

import numpy as np
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import Path as PathMessage
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import LaserScan
from std_msgs.msg import String

from genmodels_interfaces.action import DriveToGoal
from genmodels_ros.conversions.errors import to_message
from genmodels_ros.conversions.plans import to_path, to_place
from genmodels_ros.conversions.rollouts import Bounds as PathBounds
from genmodels_ros.conversions.rollouts import to_paths
from genmodels_ros.conversions.sensors import to_twist
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import REQUESTS
from genmodels_ros.nodes.drive_under_way import DriveUnderWay
from genmodels_ros.nodes.local_planner_parameters import PARAMETERS as PLANNER
from genmodels_ros.nodes.local_planner_parameters import planner_settings
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.observation_input import ObservationInput
from genmodels_ros.nodes.process import main_for
from genmodels_ros.pipelines.goal_drive import GoalDrive
from genmodels_ros.pipelines.local_planning import STANDSTILL, DriveState, ImaginedFutures, LocalPlanner
from genmodels_ros.pipelines.observation import Observation
from genmodels_ros.pipelines.routes import to_odom
from genmodels_ros.pipelines.world_model import WorldModel

IDLE, BLIND = "idle", "blind"  # states of the node beside those of a drive
LOOK = 0.05  # s between looks at a running action


class LocalPlannerNode(ModelNode):
    """convert → LocalPlanner → convert. It decides at the model's pace and repeats the command in between; while it
    has no goal it is silent, so that others may drive."""

    FAMILY, SHIPPED = "vae", "floor_world_model"
    PARAMETERS = (*ModelNode.PARAMETERS, *ObservationInput.PARAMETERS, *PLANNER)

    def __init__(self, **options):
        self._drive: DriveUnderWay | None = None
        super().__init__("local_planner", **options)
        self._action = ActionServer(
            self,
            DriveToGoal,
            "~/drive_to_goal",
            self.execute,
            goal_callback=self.accept,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=self.concurrent,
            goal_service_qos_profile=REQUESTS,
            result_service_qos_profile=REQUESTS,
            cancel_service_qos_profile=REQUESTS,
        )

    def configure(self) -> None:
        self._command_type = TwistStamped if self.value("stamped_cmd_vel") else Twist
        self._commands = self.add_publisher(self._command_type, "cmd_vel", 1)
        self._plan = self.add_publisher(PathMessage, "~/plan")
        self._state = self.add_publisher(String, "~/state")
        super().configure()

    def load(self, checkpoint: Path, device: str, precision: str) -> WorldModel:
        return WorldModel.from_checkpoint(checkpoint, device=device, precision=precision)

    def warm_up(self) -> None:
        planner = LocalPlanner(ImaginedFutures(self.pipeline))
        for stamp in (0.0, self.pipeline.time_step):
            scan = np.full(360, 3.0)
            seen = Observation(stamp, scan, -np.pi, np.pi / 180, 0.1, 10.0, np.zeros(3))
            planner.decide(seen.checked(), np.array([1.0, 0.0]))
        self.pipeline.reset()

    def activate(self) -> None:
        self.pipeline.reset()
        self._planner = LocalPlanner(ImaginedFutures(self.pipeline), planner_settings(self), self.value("seed"))
        self.add_farewell(self._leave)
        self._input = ObservationInput(self, self.observe)
        self.add_subscription(PoseStamped, "goal_pose", self.receive_goal)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # a clock that died must not leave the last command in force
        self.add_timer(1.0 / self.value("rate"), self.command, clock=steady)

    def details(self) -> dict[str, str]:
        drive = self._drive
        return {**super().details(), "state": IDLE if drive is None else drive.state}

    # --- Seeing and deciding

    def observe(self, observation: Observation, scan: LaserScan) -> None:
        drive = self._drive
        if drive is None:
            self.pipeline.observe(observation)
            return
        position = observation.pose[:2]
        if drive.task.arrived(position, drive.tolerance):
            self.finish(drive)
            return
        try:
            decision = drive.task.step(observation)
        except Exception as error:  # the base must not go on with the last command
            self.finish(drive, self.report(error))
            return
        drive.decided(decision, drive.task.left(position))
        self._state.publish(String(data=drive.state))
        poses = to_odom(observation.pose, decision.poses)
        self._plan.publish(to_path(poses, self._input.odom_frame, observation.stamp, self.pipeline.time_step))
        if decision.state == DriveState.STUCK:
            self.finish(drive, GenModelsError(ErrorCode.NO_SOLUTION, "Nothing helped to come farther: clear the way."))

    def command(self) -> None:
        """Sends the command in force, or stands still where it is not known what stands around."""
        drive = self._drive
        if drive is None:
            return
        if self._input.age() <= self.value("scan.max_age"):
            drive.blind_since = None
            self._send(drive, drive.command)
        else:
            drive.become_blind(BLIND)
            self._state.publish(String(data=drive.state))
            self._send(drive, STANDSTILL)
            if time.monotonic() - drive.blind_since > self.value("scan.patience"):
                message = f"No usable scan with odometry for {self.value('scan.patience'):g} s: check scan and odom."
                self.finish(drive, GenModelsError(ErrorCode.NO_OBSERVATION, message))
        if drive.time_limit and drive.duration > drive.time_limit:
            message = f"The base is {drive.left:.1f} m from its goal after {drive.time_limit:g} s."
            self.finish(drive, GenModelsError(ErrorCode.TIME_LIMIT, message))

    def _send(self, drive: DriveUnderWay, command) -> None:
        """Unless the drive has ended meanwhile: the last word of a drive is a standstill."""
        with drive.lock:
            if not drive.done.is_set():
                self._publish(command)

    def _publish(self, command) -> None:
        message = to_twist(command)
        if self._command_type is TwistStamped:
            message = TwistStamped(twist=message)
            message.header.stamp = self.get_clock().now().to_msg()
            message.header.frame_id = self.value("base_frame")
        self._commands.publish(message)

    # --- Beginning and ending

    def begin(self, request: DriveToGoal.Goal) -> DriveUnderWay:
        """The drive that a request asks for; it replaces the one under way. Raises GenModelsError."""
        for value, name in ((request.tolerance, "tolerance"), (request.time_limit, "time_limit")):
            if not 0 <= value < float("inf"):
                raise GenModelsError(ErrorCode.NOT_FINITE, f"{name} must be finite and not negative, got {value}.")
        with self.work:  # not while a scan is taken in, or a decision made for another goal
            self.require_active()
            drive = self._drive_of(request)
            replaced, self._drive = self._drive, drive
        if replaced is not None:
            replaced.finish(GenModelsError(ErrorCode.CANCELLED, "A newer goal took over."))
        return drive

    def _drive_of(self, request: DriveToGoal.Goal) -> DriveUnderWay:
        self._input.require_recent()
        if self.pipeline.last_observation is None:
            raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: publish scan and odom.")
        pose = self.pipeline.last_observation.pose
        frames = (self._input.odom_frame, self.value("base_frame"))
        goal, route = to_place(request.goal, "The goal", pose, *frames)[:2], None
        if request.route.poses:
            (route,) = to_paths([request.route], pose, *frames, PathBounds(1, 0))
            route = to_odom(pose, route)
        task = GoalDrive(self._planner, goal, route)
        drive = DriveUnderWay(task, request.tolerance or self.value("tolerance"), request.time_limit)
        drive.left = task.left(pose[:2])
        return drive

    def finish(self, drive: DriveUnderWay, error: GenModelsError | None = None) -> None:
        """Ends a drive, with the base told to stand."""
        with drive.lock:
            if drive.done.is_set():
                return
            self._publish(STANDSTILL)
            drive.finish(error)
        if self._drive is drive:
            self._drive = None
            self._planner.futures.told(STANDSTILL)
        self._state.publish(String(data=IDLE))

    def receive_goal(self, message: PoseStamped) -> None:
        self.begin(DriveToGoal.Goal(goal=message))

    def _leave(self) -> None:
        drive = self._drive
        if drive is not None:
            self.finish(drive, GenModelsError(ErrorCode.NOT_ACTIVE, "The local planner was deactivated."))

    # --- Action

    def accept(self, request: DriveToGoal.Goal) -> GoalResponse:
        if self.active:
            return GoalResponse.ACCEPT
        self.get_logger().warning("Goal rejected: the node is not active")
        return GoalResponse.REJECT

    def execute(self, goal: ServerGoalHandle) -> DriveToGoal.Result:
        result, drive = DriveToGoal.Result(), None
        try:
            drive = self.begin(goal.request)
            while not drive.done.wait(LOOK):
                goal.publish_feedback(drive.feedback())
                if goal.is_cancel_requested:
                    self.finish(drive, GenModelsError(ErrorCode.CANCELLED, "The client cancelled the drive."))
            if drive.error is not None:
                raise drive.error
            result.error = to_message(ErrorCode.SUCCESS)
            goal.succeed()
        except Exception as error:
            error = self.report(error)
            result.error = to_message(error.code, error.message)
            goal.canceled() if goal.is_cancel_requested and error.code == ErrorCode.CANCELLED else goal.abort()
        if drive is not None:
            result.distance, result.duration = drive.left, drive.duration
        return result


main = main_for(LocalPlannerNode)
