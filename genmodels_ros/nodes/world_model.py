"""Imagined futures of a mobile robot: watches scan, odom and cmd_vel, answers what commands and paths would lead to."""

import time
from pathlib import Path

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Float64

from genmodels_interfaces.srv import ImagineRollouts, ScorePaths
from genmodels_ros.conversions.observations import to_observation
from genmodels_ros.conversions.rollouts import Bounds, to_commands, to_paths, to_rollouts
from genmodels_ros.conversions.sensors import from_twist, to_laser_scan
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.stamp_pairs import Recent
from genmodels_ros.pipelines.observation import Observation
from genmodels_ros.pipelines.world_model import WorldModel

ODOMETRY_KEPT = 200  # messages: 4 s at 50 Hz


class WorldModelNode(ModelNode):
    """convert → WorldModel → convert. A slow model sees the newest scan only; it never works through a backlog."""

    FAMILY, SHIPPED = "vae", "floor_world_model"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        Parameter("base_frame", "base_link", "Frame of commands and rollouts", load_time=True),
        Parameter("laser.yaw", 0.0, "Bearing of the lidar's zero in the base frame", "rad", range=(-3.2, 3.2)),
        Parameter("stamped_cmd_vel", False, "cmd_vel carries TwistStamped", load_time=True),
        Parameter("odometry.max_gap", 0.2, "Most that a scan and its odometry may differ", "s", range=(0.001, 5.0)),
        Parameter("observation.max_age", 1.0, "Oldest scan that futures start from", "s", range=(0.05, 60.0)),
        Parameter("command.max_age", 0.5, "A command older than this counts as zero", "s", range=(0.05, 60.0)),
        Parameter("horizon", 1.2, "How far ~/predicted_scan and ~/collision_probability look", "s", range=(0.2, 10.0)),
        Parameter("max_sequences", 1024, "Most sequences or paths of a request", range=(1, 4096)),
        Parameter("max_steps", 150, "Most steps of a sequence", range=(1, 1500)),
        Parameter("num_samples", 1, "Futures drawn a sequence where a request says 0", range=(1, 64)),
        Parameter("max_samples", 64, "Most futures a sequence a request may draw", range=(1, 1024)),
        Parameter("speed", 0.4, "Along a path where a request says 0", "m/s", range=(0.01, 5.0)),
    )

    def __init__(self, **options):
        super().__init__("world_model", **options)
        self.add_service(ImagineRollouts, "~/imagine", self.imagine)
        self.add_service(ScorePaths, "~/score_paths", self.score_paths)

    def configure(self) -> None:
        self.surprise = self.add_publisher(Float64, "~/surprise")
        self.predicted_scan = self.add_publisher(LaserScan, "~/predicted_scan")
        self.collision_probability = self.add_publisher(Float64, "~/collision_probability")
        super().configure()

    def load(self, checkpoint: Path, device: str, precision: str) -> WorldModel:
        return WorldModel.from_checkpoint(checkpoint, device=device, precision=precision)

    def warm_up(self) -> None:
        for stamp in (0.0, self.pipeline.time_step):
            scan = np.full(360, 3.0)
            self.pipeline.observe(Observation(stamp, scan, -np.pi, np.pi / 180, 0.1, 10.0, np.zeros(3)))
        self.pipeline.imagine(np.zeros((16, 8, 2)))
        self.pipeline.reset()

    def activate(self) -> None:
        self.pipeline.reset()
        self._odometry, self._command = Recent(ODOMETRY_KEPT), (-np.inf, np.zeros(2))
        self._seen, self._refusal = -np.inf, None  # moment of the last observation; what was wrong with the last scan
        self._odom_frame = "odom"
        self._scans = self.add_worker(self.observe)
        self.add_subscription(Odometry, "odom", self._odometry.add, qos_profile_sensor_data)
        command_type = TwistStamped if self.value("stamped_cmd_vel") else Twist
        self.add_subscription(command_type, "cmd_vel", self.receive_command)
        self.add_subscription(LaserScan, "scan", self._scans.put, qos_profile_sensor_data)

    # --- Topics

    def receive_command(self, message: Twist | TwistStamped) -> None:
        self._command = (time.monotonic(), from_twist(message))

    def observe(self, scan: LaserScan) -> None:
        """One scan: remember it, say how surprising it was and what the present command leads to."""
        try:
            observation = self._observation(scan)
        except GenModelsError as error:
            self._refusal = error
            raise
        self._refusal, self._seen = None, time.monotonic()
        if self.pipeline.observe(observation):
            self.foretell(scan)

    def _observation(self, scan: LaserScan) -> Observation:
        odometry = self._odometry.nearest(to_seconds(scan.header.stamp), self.value("odometry.max_gap"))
        if odometry is None:
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION,
                f"No odometry within {self.value('odometry.max_gap'):g} s of the scan's stamp: check odom and clocks.",
            )
        self._odom_frame = odometry.header.frame_id or self._odom_frame
        return to_observation(scan, odometry, self.command(), self.value("laser.yaw"))

    def command(self) -> np.ndarray:
        """The command in force [2]."""
        moment, command = self._command
        return command if time.monotonic() - moment <= self.value("command.max_age") else np.zeros(2)

    def foretell(self, scan: LaserScan) -> None:
        """Publishes what the model makes of the scan just seen."""
        if self.pipeline.surprise is not None:
            self.surprise.publish(Float64(data=self.pipeline.surprise))
        steps = max(1, round(self.value("horizon") / self.pipeline.time_step))
        forecast = self.pipeline.forecast(np.tile(self.command(), (steps, 1)), steps=[steps - 1])
        self.collision_probability.publish(Float64(data=float(forecast.collision_probability[-1])))
        beams = self.pipeline.last_observation
        self.predicted_scan.publish(
            to_laser_scan(
                forecast.ranges[-1],
                scan.header,
                angle_min=beams.angle_min - self.value("laser.yaw"),
                angle_increment=beams.angle_increment,
                range_min=beams.range_min,
                range_max=beams.range_max,
            )
        )

    # --- Services

    def imagine(self, request: ImagineRollouts.Request, response: ImagineRollouts.Response) -> None:
        started = time.monotonic()
        self.require_observation()
        commands = to_commands(request.sequences, self.bounds())
        if request.num_samples > self.value("max_samples"):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT,
                f"num_samples {request.num_samples} is more than the {self.value('max_samples')} that this node draws.",
            )
        with self.monitor.measure():
            futures = self.pipeline.imagine(
                commands,
                time_step=request.time_step,
                num_samples=request.num_samples or self.value("num_samples"),
                seed=request.seed,
                with_scans=request.with_scans,
            )
        response.header = header(self.value("base_frame"), futures.stamp)
        response.time_step = futures.time_step
        response.rollouts = to_rollouts(futures, response.header)
        response.computation_time = time.monotonic() - started

    def score_paths(self, request: ScorePaths.Request, response: ScorePaths.Response) -> None:
        self.require_observation()
        origin = self.pipeline.last_observation.pose
        paths = to_paths(request.paths, origin, self._odom_frame, self.value("base_frame"), self.bounds())
        with self.monitor.measure():
            scores = self.pipeline.score_paths(paths, speed=request.speed or self.value("speed"))
        response.scores = scores.scores.astype(np.float32).tolist()
        response.collision_probability = scores.collision_probability.astype(np.float32).tolist()
        response.best_index = int(scores.best_index)

    def bounds(self) -> Bounds:
        return Bounds(self.value("max_sequences"), self.value("max_steps"))

    def require_observation(self) -> None:
        """Raises what was wrong with the last scan, or GenModelsError(NO_OBSERVATION) without a recent one."""
        if self._refusal is not None:
            raise self._refusal
        if time.monotonic() - self._seen > self.value("observation.max_age"):
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION,
                f"No scan with odometry in the last {self.value('observation.max_age'):g} s: publish scan and odom.",
            )


main = main_for(WorldModelNode)
