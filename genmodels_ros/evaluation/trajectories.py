"""How well arm motions are generated, beside OMPL's RRTConnect with the same exact checker in the same run."""

import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.data.problems import Problem
from genmodels_ros.evaluation.arm_outcomes import RAW_SAMPLES, Outcome, evaluate
from genmodels_ros.evaluation.arm_problems import problem_sets
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.path_modes import MODE_DISTANCE
from genmodels_ros.evaluation.reference_paths import ReferenceLengths, shortest_length
from genmodels_ros.evaluation.statistics import wilson_interval
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.trajectory_chart import draw
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.trajectory_generation import TrajectoryGenerator
from genmodels_ros.robots.collision import CollisionChecker

QUICK = 20  # problems a set
WARM_UP = 2  # problems answered before anything is measured
COLUMNS = ("measure", "genmodels", "OMPL RRTConnect + simplify")


def bench(
    options: BenchOptions,
    *,
    robot: str = "panda",
    limit: int | None = None,
    reference: Path | None = None,
    plot: Path | None = None,
) -> list[Table]:
    """Tables for each problem file (with joint goals) in `options.data` or its folder `planning`; without data, for
    scenes made up from the seed.

    limit: problems of each set, evenly spread over it; QUICK with `options.quick`
    reference: file of the shortest lengths known; those it lacks are searched for and added, which takes seconds each
    plot: picture of latencies and shares to write
    """
    checkpoint = options.checkpoint or shipped(f"{Path(robot).stem}_diffusion")
    generator = TrajectoryGenerator.from_checkpoint(checkpoint, robot=robot, device=options.device)
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
    return [*tables, describe_run(generator)]


def summarise(name: str, outcomes: Sequence[Outcome], has_reference: bool = False) -> Table:
    """The table of one problem set."""
    planned = list(filter(_planned, outcomes))
    solved = [o for o in outcomes if o.result.candidates]
    ours = [o.result.candidates[0].length / o.best_length for o in solved]
    theirs = [o.planner_length / o.best_length for o in planned]
    times = {
        "time": ([o.latency for o in outcomes], [o.planner_latency for o in outcomes]),
        "processor time": ([o.work for o in outcomes], [o.planner_work for o in outcomes]),
    }
    best = "the best known" if has_reference else "the best of this run"
    rows = [
        ("solved and clean, full service", share(outcomes, lambda o: o.clean), share(outcomes, _planned)),
        ("the same, of those OMPL solves", share(planned, lambda o: o.clean), None),
        ("answered by the model, not the fallback", share(outcomes, lambda o: o.by_model), None),
        (f"unrefined samples, best of {RAW_SAMPLES}", share(outcomes, lambda o: o.raw), None),
        ("straight line in joint space", share(outcomes, lambda o: o.straight), None),
        ("trajectories returned", sum(len(o.result.candidates) for o in outcomes), None),
        ("… that a fresh verification refuses", sum(o.refused for o in outcomes), None),
        ("… that penetrate something in MuJoCo", sum(o.penetrating for o in outcomes), None),
        ("… that exceed a limit by finite differences", sum(o.off_limits for o in outcomes), None),
        ("… that miss start or goal", sum(o.off_ends for o in outcomes), None),
        (f"path length over {best}, median", percentile(ours, 50), percentile(theirs, 50)),
        (f"path length over {best}, 95th percentile", percentile(ours, 95), percentile(theirs, 95)),
        ("at least 3 verified candidates", share(outcomes, lambda o: len(o.result.candidates) >= 3), None),
        ("at least 2 distinct modes", share(outcomes, lambda o: o.modes >= 2), None),
        ("… with something between two of them", share(outcomes, lambda o: o.separated), None),
    ]
    for kind, both in times.items():
        for name_of_q, q in (("median", 50), ("95th percentile", 95)):
            rows.append((f"{kind} to answer, {name_of_q} [ms]", *(1e3 * percentile(seconds, q) for seconds in both)))
    return Table(f"Arm motions: {name}, {len(outcomes)} problems", COLUMNS, tuple(rows), notes(has_reference))


def notes(has_reference: bool) -> tuple[str, ...]:
    """What the table's words mean."""
    best = "a long search, kept in the reference file, or any planner of this run" if has_reference else "this run"
    return (
        "Shares with 95 % Wilson intervals. Clean: neither a fresh exact verification nor MuJoCo nor finite "
        "differences object to any candidate, and each begins and ends where it was asked to. OMPL's time ends with its simplified polyline, "
        "ours with timed, verified, ranked trajectories. "
        f"Lengths: of the first candidate, over the shortest verified path found by {best}. "
        f"Distinct modes differ by more than {MODE_DISTANCE} rad in a joint somewhere along their length; something is "
        "between two of them if one of 16 paths blended from the two touches an obstacle or the arm itself.",
    )


def by_family(name: str, outcomes: Sequence[Outcome]) -> Table:
    """A row for each kind of scene."""
    rows = []
    for family in sorted({outcome.family for outcome in outcomes}):
        members = [o for o in outcomes if o.family == family]
        rows.append(
            (
                family, len(members), share(members, lambda o: o.clean), share(members, lambda o: o.by_model),
                share(members, lambda o: o.raw), share(members, lambda o: len(o.result.candidates) >= 3),
                share(members, lambda o: o.modes >= 2), percentile([1e3 * o.latency for o in members], 50),
                percentile([1e3 * o.planner_latency for o in members], 50),
            )
        )  # fmt: skip
    columns = (
        "scene", "problems", "solved and clean", "by the model", f"unrefined, best of {RAW_SAMPLES}",
        "3 candidates", "2 modes", "median [ms]", "OMPL's median [ms]",
    )  # fmt: skip
    return Table(f"Arm motions: {name}, by scene", columns, tuple(rows))


def describe_run(generator: TrajectoryGenerator) -> Table:
    """On what the numbers were measured."""
    rows = (
        ("robot", generator.robot.name),
        ("checkpoint", generator.card.sha256[:12]),
        ("device", str(generator.device)),
        ("processors", len(os.sched_getaffinity(0))),
        ("threads of torch", torch.get_num_threads()),
        ("load average over 15 min", os.getloadavg()[2]),
        ("peak memory of this process, judges included [MB]", round(peak_memory() / 1e6)),
    )
    return Table("Arm motions: this run", ("what", "value"), rows)


def peak_memory() -> int:
    """Bytes of this process that were in memory at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in KiB


def share(of: Sequence[Outcome], which: Callable[[Outcome], bool]) -> str:
    """Per cent of outcomes with an interval, e.g. "97.5 % (94.3 to 98.9)"."""
    if not of:
        return "—"
    count = sum(map(which, of))
    low, high = wilson_interval(count, len(of))
    return f"{100 * count / len(of):.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def percentile(values: Sequence[float], q: float) -> float | None:
    """None of nothing."""
    return float(np.percentile(values, q)) if len(values) else None


def _planned(outcome: Outcome) -> bool:
    return outcome.planner_length is not None


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
