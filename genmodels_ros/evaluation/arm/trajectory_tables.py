"""The arm benchmark's outcomes as tables."""

from collections.abc import Callable, Sequence

import numpy as np

from genmodels_ros.evaluation.arm.outcomes import RAW_SAMPLES, Outcome
from genmodels_ros.evaluation.arm.path_modes import BLENDS, MODE_DISTANCE
from genmodels_ros.evaluation.statistics import wilson_interval
from genmodels_ros.evaluation.tables import Table

COLUMNS = ("measure", "genmodels", "OMPL RRTConnect + simplify")


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
        ("… guided by the collision cost", share(outcomes, lambda o: o.guided), None),
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
    return Table(f"Arm motions: {name}, {len(outcomes)} problems", COLUMNS, tuple(rows))


def notes(has_reference: bool) -> tuple[str, ...]:
    """What the tables' words mean."""
    best = "a long search, kept in the reference file, or any planner of this run" if has_reference else "this run"
    return (
        "Shares with 95 % Wilson intervals. Clean: neither a fresh exact verification nor MuJoCo nor finite "
        "differences object to any candidate, and each begins and ends where it was asked to.",
        "OMPL's time ends with its simplified polyline, ours with timed, verified, ranked trajectories. Path length is "
        f"that of the first candidate, over the shortest verified path found by {best}.",
        f"Distinct modes differ by more than {MODE_DISTANCE} rad in a joint somewhere along their length. Something is "
        f"between two of them if one of {BLENDS} paths blended from the two touches an obstacle or the arm itself.",
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
