"""How well arm motions are generated, beside OMPL's RRTConnect with the same exact checker in the same run."""

import os
import resource
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from genmodels_ros.data.problems import Problem
from genmodels_ros.evaluation.arm.outcomes import Outcome, evaluate
from genmodels_ros.evaluation.arm.problems import problem_sets
from genmodels_ros.evaluation.arm.reference_paths import ReferenceLengths, shortest_length
from genmodels_ros.evaluation.arm.trajectory_chart import draw
from genmodels_ros.evaluation.arm.trajectory_tables import by_family, notes, summarise
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.arm.trajectory_generation import TrajectoryGenerator
from genmodels_ros.robots.collision.checker import CollisionChecker

QUICK = 20  # problems a set
WARM_UP = 2  # problems answered before anything is measured


def bench(
    options: BenchOptions,
    *,
    robot: str = "panda",
    limit: int | None = None,
    reference: Path | None = None,
    plot: Path | None = None,
    prior: Path | None = None,
) -> list[Table]:
    """Tables for each problem file (with joint goals) in `options.data` or its folder `planning`; without data, for
    scenes made up from the seed.

    limit: problems of each set, evenly spread over it; QUICK with `options.quick`
    reference: file of the shortest lengths known; those it lacks are searched for and added, which takes seconds each
    plot: picture of latencies and shares to write; prior: checkpoint of a family to draw the first batch from
    """
    generator = TrajectoryGenerator.from_checkpoint(options.checkpoint, robot=robot, device=options.device, prior=prior)
    sets = problem_sets(options.data, generator.robot, options.seed, QUICK if options.quick else limit)
    lengths = None if reference is None else ReferenceLengths(reference)
    outcomes = {name: _outcomes(generator, name, problems, options.seed, lengths) for name, problems in sets.items()}
    if plot is not None:
        draw(outcomes, plot)
    tables = []
    for name, of_set in outcomes.items():
        tables.append(summarise(name, of_set, lengths is not None))
        if len({outcome.family for outcome in of_set}) > 1:
            tables.append(by_family(name, of_set))
    return [*tables, describe_run(generator, notes(lengths is not None))]


def describe_run(generator: TrajectoryGenerator, words: tuple[str, ...]) -> Table:
    """On what the numbers were measured, and what their words mean."""
    rows = (
        ("robot", generator.robot.name),
        ("checkpoint", generator.card.sha256[:12]),
        ("first batch from", "the checkpoint" if generator.prior is None else f"a {generator.prior.model.family}"),
        ("device", str(generator.device)),
        ("processors", len(os.sched_getaffinity(0))),
        ("threads of torch", torch.get_num_threads()),
        ("load average over 15 min", os.getloadavg()[2]),
        ("peak memory of this process, judges included [MB]", round(peak_memory() / 1e6)),
    )
    return Table("Arm motions: this run", ("what", "value"), rows, words)


def peak_memory() -> int:
    """Bytes of this process that were in memory at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in KiB


def _outcomes(
    generator: TrajectoryGenerator, name: str, problems: list[Problem], seed: int, lengths: ReferenceLengths | None
) -> list[Outcome]:
    for problem in problems[:WARM_UP]:
        evaluate(generator, problem, seed + 1)
    return [
        _with_reference(generator, problem, index, seed, lengths)
        for index, problem in enumerate(tqdm(problems, desc=name, unit="problem", disable=None))
    ]


def _with_reference(
    generator: TrajectoryGenerator, problem: Problem, index: int, seed: int, lengths: ReferenceLengths | None
) -> Outcome:
    """One outcome; service and planner take turns in going first, so that neither profits from a warm cache."""
    outcome = evaluate(generator, problem, seed, planner_first=bool(index % 2))
    if lengths is None:
        return outcome
    robot = generator.robot
    known = lengths.get(robot.name, problem)
    if known is None:
        checker = CollisionChecker(robot.with_fingers(problem.finger_position), problem.scene)
        known = shortest_length(checker, problem.start, problem.goal_config, seed)
    known = min((length for length in (known, outcome.best_length) if length is not None), default=None)
    if known is not None:
        lengths.add(robot.name, problem, known)
    return replace(outcome, best_length=known)
