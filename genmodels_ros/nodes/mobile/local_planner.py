"""Drives a mobile base to a goal by imagining what commands lead to: scan and odometry in, cmd_vel out."""

import time
from pathlib import Path

import numpy as np
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import Path as PathMessage
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import LaserScan
from std_msgs.msg import String

from genmodels_interfaces.action import DriveToGoal
from genmodels_ros.conversions.errors import to_message
from genmodels_ros.conversions.nav2 import SPEED_LIMIT, from_speed_limit
from genmodels_ros.conversions.plans import to_path
from genmodels_ros.conversions.sensors import to_twist
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.mobile.compute_path import ComputePath
from genmodels_ros.nodes.mobile.drive_action import DriveAction
from genmodels_ros.nodes.mobile.drive_under_way import DriveUnderWay
from genmodels_ros.nodes.mobile.follow_path import FollowPath
from genmodels_ros.nodes.mobile.frames import Frames
from genmodels_ros.nodes.mobile.local_planner_parameters import PARAMETERS as PLANNER
from genmodels_ros.nodes.mobile.local_planner_parameters import planner_settings
from genmodels_ros.nodes.mobile.map_routes import MapRoutes
from genmodels_ros.nodes.mobile.observation_input import ObservationInput
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.process import main_for
from genmodels_ros.pipelines.mobile.goal_drive import GoalDrive
from genmodels_ros.pipelines.mobile.local_planning import STANDSTILL, DriveState, ImaginedFutures, LocalPlanner
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.routes import to_odom
from genmodels_ros.pipelines.mobile.world_model import WorldModel

IDLE, BLIND = "idle", "blind"  # states of the node beside those of a drive


class LocalPlannerNode(ModelNode):
    """convert → LocalPlanner → convert. It decides at the model's pace and repeats the command in between; while it
    has no goal it is silent, so that others may drive."""

    FAMILY, SHIPPED = "vae", "floor_world_model"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        *ObservationInput.PARAMETERS,
        *PLANNER,
        *FollowPath.PARAMETERS,
        *ComputePath.PARAMETERS,
        *MapRoutes.PARAMETERS,
    )

    def __init__(self, **options):
        self.drive: DriveUnderWay | None = None
        super().__init__("local_planner", **options)
        DriveAction(self, DriveToGoal, "~/drive_to_goal", self.begin, lambda drive: drive.feedback(), to_drive_result)
        FollowPath(self)
        self._compute_path = ComputePath(self)

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
        self.planner = LocalPlanner(ImaginedFutures(self.pipeline), planner_settings(self), self.value("seed"))
        self._speed_share = 1.0
        self.add_farewell(self._leave)
        self._input = ObservationInput(self, self.observe)
        self.frames = Frames(self, self._input)
        self.map_routes = MapRoutes(self, self.frames)
        # a way on a large map takes seconds, in which scans must not wait
        self.add_subscription(PoseStamped, "goal_pose", self.receive_goal, group=self.concurrent)
        if SPEED_LIMIT is not None:
            self.add_subscription(SPEED_LIMIT, "speed_limit", self.limit_speed)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # a clock that died must not leave the last command in force
        self.add_timer(1.0 / self.value("rate"), self.command, clock=steady)

    def details(self) -> dict[str, str]:
        drive = self.drive
        return {**super().details(), "state": IDLE if drive is None else drive.state}

    # --- Seeing and deciding

    def observe(self, observation: Observation, scan: LaserScan) -> None:
        drive = self.drive
        if drive is None:
            self.pipeline.observe(observation)
            return
        self.planner.limit_speed(self._speed_share)
        position = observation.pose[:2]
        if drive.task.arrived(observation.pose, drive.tolerance):
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
        drive = self.drive
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
        pose = self.require_pose()
        goal = self.frames.place(request.goal, pose)
        if request.route.poses:
            route = to_odom(pose, self.frames.path(request.route, pose))
        else:
            route = self.map_routes.to_goal(pose, goal)
        with self.work:  # not while a scan is taken in, or a decision made for another goal
            self.require_active()
            drive = GoalDrive(self.planner, goal[:2], route)
            return self.take_over(drive, request.tolerance or self.value("tolerance"), request.time_limit)

    def require_pose(self) -> np.ndarray:
        """Where the base stands in odom [3]. Raises GenModelsError: NOT_ACTIVE, NO_OBSERVATION."""
        self.require_active()
        self._input.require_recent()
        if self.pipeline.last_observation is None:
            raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: publish scan and odom.")
        return self.pipeline.last_observation.pose

    def take_over(self, task: GoalDrive, tolerance: float, time_limit: float = 0.0) -> DriveUnderWay:
        """The drive of a task; it replaces the one under way, whose command stays in force where the task goes on.
        To be called while `work` is held."""
        drive = DriveUnderWay(task, tolerance, time_limit)
        drive.left = task.left(self.pipeline.last_observation.pose[:2])
        replaced = self.drive
        if replaced is not None and replaced.task is task:
            drive.go_on_from(replaced)
        self.drive = drive
        if replaced is not None:
            replaced.finish(GenModelsError(ErrorCode.CANCELLED, "A newer goal took over."))
        return drive

    def finish(self, drive: DriveUnderWay, error: GenModelsError | None = None) -> None:
        """Ends a drive, with the base told to stand."""
        with drive.lock:
            if drive.done.is_set():
                return
            self._publish(STANDSTILL)
            drive.finish(error)
        if self.drive is drive:
            self.drive = None
            self.planner.futures.told(STANDSTILL)
        self._state.publish(String(data=IDLE))

    def receive_goal(self, message: PoseStamped) -> None:
        self.begin(DriveToGoal.Goal(goal=message))

    def _leave(self) -> None:
        drive = self.drive
        if drive is not None:
            self.finish(drive, GenModelsError(ErrorCode.NOT_ACTIVE, "The local planner was deactivated."))

    def limit_speed(self, message) -> None:
        """nav2_msgs/SpeedLimit: of the full speed ahead, from the next decision on; 0 lifts it."""
        self._speed_share = from_speed_limit(message, self.value("limits.forwards"))


def to_drive_result(drive: DriveUnderWay | None, error: GenModelsError | None) -> DriveToGoal.Result:
    """What became of a drive; None if it did not begin."""
    result = DriveToGoal.Result(error=to_message(ErrorCode.SUCCESS))
    if error is not None:
        result.error = to_message(error.code, error.message)
    if drive is not None:
        result.distance, result.duration = drive.left, drive.duration
    return result


main = main_for(LocalPlannerNode)
