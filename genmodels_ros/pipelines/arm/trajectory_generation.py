"""Verified, ranked arm motions: query → goals → samples → refined → timed → verified → ranked, otherwise the fallback.

generator = TrajectoryGenerator.from_checkpoint()
result = generator.generate(TrajectoryQuery(start=q, goal_config=goal, scene=scene))
result.candidates[0].trajectory
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from genmodels_ros.device import resolve_device, resolve_precision
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, shipped
from genmodels_ros.pipelines.arm.candidate_search import search
from genmodels_ros.pipelines.arm.fallback import fallback_paths
from genmodels_ros.pipelines.arm.goals import goal_configurations
from genmodels_ros.pipelines.arm.guidance import CostGuidance
from genmodels_ros.pipelines.arm.path_prior import PathPrior
from genmodels_ros.pipelines.arm.ranking import judged, ranked
from genmodels_ros.pipelines.arm.trajectory_query import (
    FALLBACK,
    MODEL,
    Candidate,
    CostWeights,
    GenerationResult,
    GuidanceWeights,
    TrajectoryQuery,
)
from genmodels_ros.pipelines.arm.trajectory_sampling import OnStep, SamplingSettings, TrajectorySampler
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.features import num_path_features
from genmodels_ros.robots.paths.verification import Verification, verify
from genmodels_ros.robots.trajectory import Trajectory

__all__ = [
    "Candidate",
    "CostWeights",
    "GenerationResult",
    "GuidanceWeights",
    "SamplingSettings",
    "TrajectoryGenerator",
    "TrajectoryQuery",
]

MODEL_NAME = "trajectory_diffusion"
DESCRIBED = "robot_description"  # name of an arm that has none of its own
ROUNDS = 2  # batches drawn from the model, with other noise, before the fallback planner is asked

Progress = Callable[[str, int, int], None]


class TrajectoryGenerator:
    """The whole service of one arm. Calls from several threads are independent of each other.

    prior: draws the first batch instead of the diffusion model, unless a query asks for guidance or a warm start.
    """

    def __init__(
        self, sampler: TrajectorySampler, card: Card, robot: Robot | None = None, prior: PathPrior | None = None
    ):
        self.sampler, self.card, self.prior = sampler, card, prior
        self.robot = robot or load_robot(card.config.get("robot", "panda"))

    @classmethod
    def from_checkpoint(
        cls,
        folder: Path | None = None,
        *,
        robot: str | Robot = "panda",
        device: str = "auto",
        precision: str = "float32",
        sampling: SamplingSettings | None = None,
        prior: Path | None = None,
    ) -> "TrajectoryGenerator":
        """Loads a checkpoint, by default the one that comes with the package.

        robot: its name, or the arm itself; one from a robot_description, which has no name of its own, need only have
            the joints and features that the checkpoint was trained for.
        prior: checkpoint of a family over this arm's paths, see pipelines/arm/path_prior.py.
        Raises GenModelsError(MODEL_UNAVAILABLE) if it is missing, damaged or for another robot.
        """
        arm = robot if isinstance(robot, Robot) else load_robot(robot)
        folder = shipped(f"{arm.name}_diffusion") if folder is None else Path(folder)
        model, card = load_checkpoint(folder, MODEL_NAME)
        trained_for = card.config.get("robot")
        fits = (card.config.get("path_features"), model.shape[1]) == (num_path_features(arm), arm.num_joints)
        if not fits or arm.name not in (trained_for, DESCRIBED):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"{folder} was trained for {trained_for!r} and does not fit {arm.name!r} as it is now: train it again.",
            )
        sampler = TrajectorySampler(model, resolve_device(device), resolve_precision(precision), sampling)
        return cls(sampler, card, arm, None if prior is None else PathPrior.from_checkpoint(prior, arm))

    @property
    def device(self):
        """Where the network runs."""
        return self.sampler.device

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.sampler.model.parameters())

    def generate(
        self,
        query: TrajectoryQuery,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        on_denoised: OnStep | None = None,
    ) -> GenerationResult:
        """Answers a query; what is wrong with it, or that there is no way, is in the result's code and message.

        progress: called with (stage, steps done, steps in all), stages sampling, refining, verifying, fallback
        cancelled: asked between steps
        on_denoised: called with (steps done, steps in all, control points [S, N, D] of the samples so far)
        """
        return _Generation(self, query, progress, cancelled, on_denoised).run()

    def verify(
        self, trajectory: Trajectory, scene: Scene, finger_position: float | None = None, from_time: float = 0.0
    ) -> Verification:
        """The judgement `generate` puts its own trajectories to; or of what is left of one after `from_time` s."""
        return verify(trajectory, self._arm(finger_position), scene, from_time=from_time)

    def _arm(self, finger_position: float | None) -> Robot:
        return self.robot.with_fingers(finger_position)


class _Generation:
    """One query being answered."""

    def __init__(self, generator: TrajectoryGenerator, query: TrajectoryQuery, progress, cancelled, on_denoised):
        self.generator, self.query = generator, query
        self.progress, self.cancelled, self.on_denoised = progress, cancelled, on_denoised
        self.started = time.monotonic()
        self.result = GenerationResult(ErrorCode.NO_SOLUTION)

    def run(self) -> GenerationResult:
        try:
            self._answer()
        except GenModelsError as error:
            self.result = replace(self.result, code=error.code, message=error.message, candidates=())
        return replace(self.result, planning_time=time.monotonic() - self.started)

    def _answer(self) -> None:
        query = self.query
        query.check(self.generator.robot)
        self.deadline = self.started + query.time_limit
        self.robot = self.generator._arm(query.finger_position)
        self.checker = CollisionChecker(self.robot, query.scene)
        self.start = np.asarray(query.start, dtype=float)
        contact = self.checker.contact(self.start)
        if contact is not None:
            raise GenModelsError(ErrorCode.START_IN_COLLISION, f"The start is in collision: {contact}.")
        goals = goal_configurations(query, self.checker)
        found: list[Candidate] = []
        for round_ in range(ROUNDS):
            found = found or self._from_model(goals, round_)
        if not found and query.allow_fallback:
            found = self._from_fallback(goals)
        if not found:
            self._report("fallback" if query.allow_fallback else "verifying", 1, 1)
            raise GenModelsError(*self._why_nothing())
        self.result = replace(
            self.result, code=ErrorCode.SUCCESS, message="", candidates=ranked(found, query.max_candidates)
        )

    def _from_model(self, goals: np.ndarray, round_: int) -> list[Candidate]:
        """Candidates of one batch of samples.

        The first batch keeps to the warm start, if there is one. Where it held nothing, the next one is guided out of
        the obstacles, which finds more and takes longer.
        """
        query, began, guidance = self.query, time.monotonic(), self.query.guidance
        if round_ > 0:
            guidance = replace(guidance, collision=max(guidance.collision, 1.0))
        paths = self._drawn(goals, round_, CostGuidance(self.checker.proximity, guidance, query.workspace))
        self.result = replace(
            self.result,
            num_samples=self.result.num_samples + len(paths),
            generation_time=self.result.generation_time + time.monotonic() - began,
        )
        found = search(
            paths, self.checker, lambda path: self._verified(path, MODEL), self._report, query.max_candidates
        )
        self.result = replace(self.result, num_verified=len(found))
        return found

    def _drawn(self, goals: np.ndarray, round_: int, guidance: CostGuidance) -> np.ndarray:
        """Control points [S, N, D], from the prior where there is one that will do."""
        query, prior = self.query, self.generator.prior
        count, seed = query.num_samples, query.seed + round_
        warm_start = query.warm_start if round_ == 0 else None
        if prior is not None and warm_start is None and not guidance.active:
            paths = prior.sample(self.robot, self.start, goals, num_samples=count, seed=seed)
            self._denoised(1, 1, paths)
            return paths
        return self.generator.sampler.sample(
            self.robot,
            self.start,
            goals,
            query.scene,
            num_samples=count,
            seed=seed,
            guidance=guidance,
            warm_start=warm_start,
            on_step=self._denoised,
        )

    def _denoised(self, step: int, num_steps: int, paths: np.ndarray) -> None:
        self._report("sampling", step, num_steps)
        if self.on_denoised is not None:
            self.on_denoised(step, num_steps, paths)

    def _from_fallback(self, goals: np.ndarray) -> list[Candidate]:
        offers = fallback_paths(self.checker, self.start, goals, deadline=self.deadline, seed=self.query.seed)
        self._report("fallback", 0, 1)
        for path in offers:
            found = self._verified(path, FALLBACK)
            self._report("fallback", int(found is not None), 1, found)
            if found is not None:
                return [found]
        return []

    def _verified(self, path: np.ndarray, source: str) -> Candidate | None:
        """The path as a candidate, None if it does not pass."""
        query = self.query
        return judged(path, self.checker, source, query.weights, query.velocity_scaling, query.acceleration_scaling)

    def _report(self, stage: str, step: int, num_steps: int, found: list[Candidate] | Candidate | None = None) -> None:
        """Tells the caller, and stops for a cancelled query or one out of time with nothing to show."""
        if self.progress is not None:
            self.progress(stage, step, num_steps)
        if self.cancelled is not None and self.cancelled():
            raise GenModelsError(ErrorCode.CANCELLED, f"Cancelled while {stage}.")
        if not found and time.monotonic() > self.deadline:
            raise GenModelsError(
                ErrorCode.TIME_LIMIT, f"Nothing valid within {self.query.time_limit:g} s: allow more time."
            )

    def _why_nothing(self) -> tuple[ErrorCode, str]:
        if self.query.allow_fallback:
            return ErrorCode.NO_SOLUTION, "Neither the model nor the fallback planner found a way."
        return (
            ErrorCode.NO_SOLUTION,
            f"None of the model's {self.result.num_samples} trajectories is valid: allow the fallback or more samples.",
        )
