"""What came of one planning problem: the service's answer, OMPL's, and what judges say of both."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genmodels_ros.data.problems import Problem
from genmodels_ros.evaluation.arm.independent_check import IndependentCheck
from genmodels_ros.evaluation.arm.path_modes import distinct_modes, separated
from genmodels_ros.evaluation.arm.reference_paths import polyline_length
from genmodels_ros.pipelines.arm.guidance import CostGuidance
from genmodels_ros.pipelines.arm.trajectory_generation import GenerationResult, TrajectoryGenerator, TrajectoryQuery
from genmodels_ros.pipelines.arm.trajectory_query import GuidanceWeights
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.paths.planning import plan
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.paths.verification import verify
from genmodels_ros.robots.trajectory import Trajectory

TIME_LIMIT = 10.0  # s a problem, for each planner
RAW_SAMPLES = 32
ENDS = 1e-6  # rad
UNGUIDED, GUIDANCE = GuidanceWeights(), GuidanceWeights(collision=1.0)


@dataclass(frozen=True, eq=False)
class Outcome:
    """One problem.

    latency, planner_latency: s by the clock, from the question to the answer
    work, planner_work: s of processor time for the same, which other programs on the machine hardly disturb
    raw: whether one of RAW_SAMPLES unrefined samples verifies; guided: the same of samples that the collision cost
        guided; straight: whether the straight line does
    refused, penetrating, off_limits: of the answer's trajectories, how many a fresh verification refuses, in how many
        the independent check finds a penetration, in how many a limit exceeded
    off_ends: in how many a joint begins or ends more than ENDS from start or goal
    modes: distinct modes; separated: whether something stands between two of them
    planner_length: rad, None where OMPL found nothing; best_length: rad, the shortest verified path found
    """

    family: str
    result: GenerationResult
    latency: float
    work: float
    raw: bool
    guided: bool
    straight: bool
    refused: int
    penetrating: int
    off_limits: int
    off_ends: int
    modes: int
    separated: bool
    planner_length: float | None
    planner_latency: float
    planner_work: float
    best_length: float | None

    @property
    def clean(self) -> bool:
        """Solved, and no judge objects to any candidate."""
        return bool(self.result.candidates) and not (
            self.refused or self.penetrating or self.off_limits or self.off_ends
        )

    @property
    def by_model(self) -> bool:
        return self.clean and self.result.candidates[0].source == "model"


def evaluate(generator: TrajectoryGenerator, problem: Problem, seed: int, planner_first: bool = False) -> Outcome:
    """The service with its defaults, the model alone, the straight line and OMPL on one problem.

    planner_first: whether OMPL or the service is asked first.
    """
    robot = generator.robot.with_fingers(problem.finger_position)
    runs = {
        "service": lambda: generator.generate(TrajectoryQuery.from_problem(problem, seed=seed, time_limit=TIME_LIMIT)),
        "planner": lambda: _planned(problem, robot, seed),
    }
    done = {name: _timed(runs[name]) for name in sorted(runs, reverse=not planner_first)}
    (result, latency, work), (waypoints, planner_latency, planner_work) = done["service"], done["planner"]
    trajectories = [candidate.trajectory for candidate in result.candidates]
    checker, second_opinion = CollisionChecker(robot, problem.scene), IndependentCheck(robot, problem.scene)
    findings = [second_opinion.examine(trajectory) for trajectory in trajectories]
    modes = distinct_modes([trajectory.positions for trajectory in trajectories])
    planner_length = None if waypoints is None else polyline_length(waypoints)
    known = [*(trajectory.length for trajectory in trajectories), planner_length]
    return Outcome(
        family=problem.family,
        result=result,
        latency=latency,
        work=work,
        raw=_any_valid(_raw_samples(generator, problem, checker, seed, UNGUIDED), checker),
        guided=_any_valid(_raw_samples(generator, problem, checker, seed, GUIDANCE), checker),
        straight=_any_valid(np.array([[problem.start] * 2 + [problem.goal_config] * 2]), checker),
        refused=sum(not verify(trajectory, robot, problem.scene).valid for trajectory in trajectories),
        penetrating=sum(bool(finding.contact) for finding in findings),
        off_limits=sum(bool(finding.limits) for finding in findings),
        off_ends=sum(_misses(trajectory, problem) for trajectory in trajectories),
        modes=len(modes),
        separated=separated(modes, checker),
        planner_length=planner_length,
        planner_latency=planner_latency,
        planner_work=planner_work,
        best_length=min((length for length in known if length is not None), default=None),
    )


def _misses(trajectory: Trajectory, problem: Problem) -> bool:
    ends = np.stack([problem.start, problem.goal_config])
    return bool(np.abs(trajectory.positions[[0, -1]] - ends).max() > ENDS)


def _timed(run: Callable) -> tuple[object, float, float]:
    """What it returns, and the seconds it took by the clock and of processor time."""
    began, work = time.perf_counter(), time.process_time()
    return run(), time.perf_counter() - began, time.process_time() - work


def _planned(problem: Problem, robot: Robot, seed: int) -> np.ndarray | None:
    """OMPL's waypoints; like the service it starts with nothing but the question."""
    return plan(CollisionChecker(robot, problem.scene), problem.start, problem.goal_config, TIME_LIMIT, seed)


def _raw_samples(
    generator: TrajectoryGenerator, problem: Problem, checker: CollisionChecker, seed: int, weights: GuidanceWeights
) -> np.ndarray:
    """Control points [RAW_SAMPLES, N, D] as the model draws them."""
    return generator.sampler.sample(
        checker.robot, problem.start, problem.goal_config[None], problem.scene,
        num_samples=RAW_SAMPLES, seed=seed, guidance=CostGuidance(checker.proximity, weights),
    )  # fmt: skip


def _any_valid(paths: np.ndarray, checker: CollisionChecker) -> bool:
    robot = checker.robot
    timed = (time_parameterise(path, robot.limits, joint_names=robot.joint_names) for path in paths)
    return any(verify(trajectory, robot, checker.scene, checker=checker).valid for trajectory in timed)
