"""Imagined futures of a mobile robot: watches scan, odom and cmd_vel, answers what commands and paths would lead to."""

import time
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from nav_msgs.srv import GetPlan
from sensor_msgs.msg import LaserScan

from genmodels_interfaces.srv import ImagineRollouts, ScorePaths
from genmodels_ros.conversions.plans import check_start, to_path
from genmodels_ros.conversions.poses import relative_to
from genmodels_ros.conversions.rollouts import Bounds, to_commands, to_rollouts
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.mobile.adapting import Adapting
from genmodels_ros.nodes.mobile.dream_stage import DreamStage
from genmodels_ros.nodes.mobile.foretelling import Foretelling
from genmodels_ros.nodes.mobile.frames import Frames
from genmodels_ros.nodes.mobile.image_foretelling import ImageForetelling
from genmodels_ros.nodes.mobile.latent_services import LatentServices
from genmodels_ros.nodes.mobile.observation_input import ObservationInput
from genmodels_ros.nodes.mobile.path_checking import PathChecking
from genmodels_ros.nodes.mobile.vigilance import Vigilance
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.pipelines.mobile.local_planning import plan
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel


class WorldModelNode(ModelNode):
    """convert → WorldModel → convert. A slow model sees the newest scan only; it never works through a backlog."""

    FAMILY, SHIPPED = "vae", "floor_world_model"
    PARAMETERS = (
        *ModelNode.PARAMETERS,
        Parameter("base_frame", "base_link", "Frame of commands and rollouts", load_time=True),
        *ObservationInput.PARAMETERS,
        *Foretelling.PARAMETERS,
        *Vigilance.PARAMETERS,
        Parameter("max_sequences", 1024, "Most sequences or paths of a request", range=(1, 4096)),
        Parameter("max_steps", 150, "Most steps of a sequence", range=(1, 1500)),
        Parameter("num_samples", 1, "Futures drawn a sequence where a request says 0", range=(1, 64)),
        Parameter("max_samples", 64, "Most futures a sequence a request may draw", range=(1, 1024)),
        Parameter("speed", 0.4, "Along a path where a request says 0", "m/s", range=(0.01, 5.0)),
        Parameter("plan.start_tolerance", 0.3, "Farthest start of a plan from the robot", "m", range=(0.0, 10.0)),
        Parameter("plan.max_risk", 0.5, "Collision probability beyond which a plan is none", range=(0.0, 1.0)),
        *LatentServices.PARAMETERS,
        *DreamStage.PARAMETERS,
        *Adapting.PARAMETERS,
        *ImageForetelling.PARAMETERS,
    )

    def __init__(self, **options):
        super().__init__("world_model", **options)
        self.add_service(ImagineRollouts, "~/imagine", self.imagine)
        self.add_service(ScorePaths, "~/score_paths", self.score_paths)
        self.add_service(GetPlan, "~/get_plan", self.get_plan)
        self.path_checking = PathChecking(self)
        self.latents = LatentServices(self)
        self.dreams = DreamStage(self, self.latents)
        self.adapting = Adapting(self)

    # --- Transitions

    def configure(self) -> None:
        self.foretelling, self.vigilance = Foretelling(self), Vigilance(self)
        self.images = ImageForetelling(self)
        self.dreams.configure()
        super().configure()

    def load(self, checkpoint: Path, device: str, precision: str) -> WorldModel:
        return WorldModel.from_checkpoint(checkpoint, device=device, precision=precision)

    def warm_up(self) -> None:
        for stamp in (0.0, self.pipeline.time_step):
            scan = np.full(360, 3.0)
            self.pipeline.observe(Observation(stamp, scan, -np.pi, np.pi / 180, 0.1, 10.0, np.zeros(3)))
        self.pipeline.imagine(np.zeros((16, 8, 2)))
        self.pipeline.forecast(np.zeros((2, 2)))
        self.pipeline.reset()

    def activate(self) -> None:
        self.pipeline.reset()
        self.vigilance.activate()
        self.dreams.activate()
        self.adapting.activate()
        self.input = ObservationInput(self, self.observe)
        self.frames = Frames(self, self.input)
        self.images.activate(self.input)

    def deactivate(self) -> None:
        self.adapting.deactivate()

    def cleanup(self) -> None:
        self.latents.forget()
        self.images = None
        super().cleanup()

    # --- What is seen

    def observe(self, observation: Observation, scan: LaserScan) -> None:
        """One scan: remember it, say what the present command leads to and how odd the scan is."""
        if self.pipeline.observe(observation):
            risk = self.foretelling.tell(self.pipeline, self.input)
            self.vigilance.tell(self.pipeline, scan.header, risk)

    def details(self) -> dict[str, str]:
        parts = (self.input, self.dreams, self.adapting) if self.active else ()
        return super().details() | {key: text for part in parts for key, text in part.details().items()}

    def statuses(self) -> list[DiagnosticStatus]:
        return [self.vigilance.status()] if self.active else []

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
        paths = self.frames.paths(request.paths, self.pipeline.last_observation.pose, self.bounds())
        with self.monitor.measure():
            scores = self.pipeline.score_paths(paths, speed=request.speed or self.value("speed"))
        response.scores = scores.scores.astype(np.float32).tolist()
        response.collision_probability = scores.collision_probability.astype(np.float32).tolist()
        response.best_index = int(scores.best_index)

    def get_plan(self, request: GetPlan.Request, response: GetPlan.Response) -> None:
        """An answer without poses is a refusal: why, stands in the log and in the diagnostics."""
        self.input.require_recent()
        seen = self.pipeline.last_observation
        if request.start.header.frame_id:  # one without is the present pose
            start = self.frames.place(request.start, seen.pose, "The start")
            check_start(start, seen.pose, self.value("plan.start_tolerance"))
        goal = self.frames.place(request.goal, seen.pose)
        with self.monitor.measure():
            poses = plan(self.pipeline, goal)
            risk = self.pipeline.score_paths([relative_to(seen.pose, poses)], self.value("speed"))
        if risk.collision_probability[0] > self.value("plan.max_risk"):
            raise GenModelsError(
                ErrorCode.NO_SOLUTION,
                f"The best way found touches something with probability {risk.collision_probability[0]:.2f}: "
                "choose another goal, or raise plan.max_risk.",
            )
        response.plan = to_path(poses, self.input.odom_frame, seen.stamp, self.pipeline.time_step)

    def bounds(self) -> Bounds:
        return Bounds(self.value("max_sequences"), self.value("max_steps"))


main = main_for(WorldModelNode)
