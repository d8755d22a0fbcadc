"""Imagined futures of a mobile robot: watches scan, odom and cmd_vel, answers what commands and paths would lead to."""

import time
from pathlib import Path

import numpy as np
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Float64

from genmodels_interfaces.srv import ImagineRollouts, ScorePaths
from genmodels_ros.conversions.rollouts import Bounds, to_commands, to_paths, to_rollouts
from genmodels_ros.conversions.sensors import to_laser_scan
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.observation_input import ObservationInput
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.pipelines.observation import Observation
from genmodels_ros.pipelines.world_model import WorldModel


class WorldModelNode(ModelNode):
    """convert → WorldModel → convert. A slow model sees the newest scan only; it never works through a backlog."""

    FAMILY, SHIPPED = "vae", "floor_world_model"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        Parameter("base_frame", "base_link", "Frame of commands and rollouts", load_time=True),
        *ObservationInput.PARAMETERS,
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
        self.input = ObservationInput(self, self.observe)

    def details(self) -> dict[str, str]:
        return {**super().details(), **(self.input.details() if self.active else {})}

    # --- Topics

    def observe(self, observation: Observation, scan: LaserScan) -> None:
        """One scan: remember it, say how surprising it was and what the present command leads to."""
        if self.pipeline.observe(observation):
            self.foretell(scan)

    def foretell(self, scan: LaserScan) -> None:
        """Publishes what the model makes of the scan just seen."""
        if self.pipeline.surprise is not None:
            self.surprise.publish(Float64(data=self.pipeline.surprise))
        steps = max(1, round(self.value("horizon") / self.pipeline.time_step))
        forecast = self.pipeline.forecast(np.tile(self.input.command(), (steps, 1)), steps=[steps - 1])
        self.collision_probability.publish(Float64(data=float(forecast.collision_probability[-1])))
        beams = self.pipeline.last_observation
        self.predicted_scan.publish(
            to_laser_scan(
                forecast.ranges[-1],
                header(self.value("base_frame"), beams.stamp) if self.input.moved else scan.header,
                angle_min=beams.angle_min - (0.0 if self.input.moved else self.value("laser.yaw")),
                angle_increment=beams.angle_increment,
                range_min=beams.range_min,
                range_max=beams.range_max,
            )
        )

    # --- Services

    def imagine(self, request: ImagineRollouts.Request, response: ImagineRollouts.Response) -> None:
        started = time.monotonic()
        self.input.require_recent()
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
        self.input.require_recent()
        origin = self.pipeline.last_observation.pose
        paths = to_paths(request.paths, origin, self.input.odom_frame, self.value("base_frame"), self.bounds())
        with self.monitor.measure():
            scores = self.pipeline.score_paths(paths, speed=request.speed or self.value("speed"))
        response.scores = scores.scores.astype(np.float32).tolist()
        response.collision_probability = scores.collision_probability.astype(np.float32).tolist()
        response.best_index = int(scores.best_index)

    def bounds(self) -> Bounds:
        return Bounds(self.value("max_sequences"), self.value("max_steps"))


main = main_for(WorldModelNode)
