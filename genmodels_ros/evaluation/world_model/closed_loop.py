"""Planning with the world model against planning with the current scan: who reaches goals without touching anybody.

All planners drive the same episodes from the same start along routes on the same map, with the same search and the same
costs; only what tells them where commands lead differs. MuJoCo's contacts judge.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import bootstrap_ratio, wilson_interval
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.driven_episodes import TIME_LIMIT, Episode, drive, make_task
from genmodels_ros.pipelines.mobile.local_planning import Futures, ImaginedFutures, LocalPlanner
from genmodels_ros.pipelines.mobile.scan_futures import JoinedFutures, ScanFutures, ScanFuturesSettings
from genmodels_ros.pipelines.mobile.world_model import WorldModel

FIRST_FLOOR = 77_000_000  # of the benchmark; neither training nor tuning has used these seeds
IMAGINED, SCAN, TRACKED = "world model", "current scan", "current scan, movers at constant velocity"
JOINED = "world model joined with the latter"


def bench(options: BenchOptions) -> list[Table]:
    """Tables of 100 pairs (20 if quick) among people that do not yield, and of half as many among people that do."""
    world = WorldModel.from_checkpoint(options.checkpoint, device=options.device)
    seeds = 20 if options.quick else 100
    return [
        bench_closed_loop(world, seeds, first=FIRST_FLOOR + 10_000 * options.seed),
        bench_closed_loop(world, seeds // 2, first=FIRST_FLOOR + 10_000 * options.seed, people_yield=True),
    ]


def bench_closed_loop(
    world: WorldModel,
    seeds: int = 100,
    *,
    first: int = FIRST_FLOOR,
    people_yield: bool = False,
    workers: int = 2,
    time_limit: float = TIME_LIMIT,
) -> Table:
    """Drives `seeds` episodes, numbered from `first`, with each planner, in `workers` processes."""
    run = partial(_run, people_yield=people_yield, time_limit=time_limit)
    numbers = range(first, first + seeds)
    progress = partial(tqdm, total=seeds, unit="episode", disable=None)
    if workers == 1:
        _load(world)
        pairs = list(progress(map(run, numbers)))
    else:
        context = multiprocessing.get_context("spawn")  # threads of torch do not survive a fork
        with ProcessPoolExecutor(workers, context, _load, (None, world.checkpoint, str(world.device))) as pool:
            pairs = list(progress(pool.map(run, numbers)))
    return closed_loop_table({name: [pair[name] for pair in pairs] for name in pairs[0]}, people_yield)


_world: WorldModel | None = None  # of this process


def _load(world: WorldModel | None, checkpoint: Path | None = None, device: str = "cpu") -> None:
    global _world
    torch.set_num_threads(1)
    _world = world or WorldModel.from_checkpoint(checkpoint, device=device)


def _run(seed: int, people_yield: bool, time_limit: float) -> dict[str, Episode]:
    task, episodes = make_task(seed, people_yield=people_yield), {}
    for name, futures in planners(_world).items():
        _world.reset()
        episodes[name] = drive(task, LocalPlanner(futures(), seed=seed), time_limit)
    return episodes


def planners(world: WorldModel) -> dict[str, Callable[[], Futures]]:
    """Makes what tells each planner where commands lead."""
    tracked = partial(ScanFutures, ScanFuturesSettings(follow_movers=True))
    return {
        IMAGINED: lambda: ImaginedFutures(world),
        JOINED: lambda: JoinedFutures(ImaginedFutures(world), tracked()),
        SCAN: ScanFutures,
        TRACKED: tracked,
    }


def closed_loop_table(episodes: dict[str, list[Episode]], people_yield: bool = False) -> Table:
    """A row a planner; comparisons are of the world model with that planner, pair by pair."""
    own = episodes[IMAGINED]
    rows = []
    for name, driven in episodes.items():
        touched, arrived = (sum(getattr(e, what) for e in driven) for what in ("touched", "arrived"))
        low, high = wilson_interval(touched, len(driven))
        pairs = list(zip(own, driven, strict=True))
        both = [(a, b) for a, b in pairs if a.arrived and b.arrived]
        fewer = None if driven is own else _fewer([(a.touched, b.touched) for a, b in pairs])
        rows.append(
            (
                name, len(driven), touched, f"{low:.2f} to {high:.2f}", sum(e.at_fault for e in driven), arrived,
                fewer, len(both), *[_mean([getattr(b, what) for _, b in both]) for what in ("length", "seconds")],
                *[None if name == IMAGINED else _longer([(getattr(a, what), getattr(b, what)) for a, b in both])
                  for what in ("length", "seconds")],
                1 / float(np.mean([t for e in driven for t in e.decision_times])),
            )
        )  # fmt: skip
    columns = (
        "futures from", "episodes", "with contact", "95 %", "while moving", "at the goal",
        "world model's contacts fewer by", "both at the goal", "way [m]", "time [s]", "world model's way longer by",
        "time longer by", "decisions/s",
    )  # fmt: skip
    people = "people stop for the robot" if people_yield else "people do not yield"
    return Table(f"Driving to a goal, paired episodes, {people}", columns, tuple(rows))


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _fewer(pairs: list) -> str | None:
    """1 - the ratio of the means with its 95 % interval, by resampling pairs; None where the other touched nothing."""
    own, other = np.array(pairs, dtype=float).T
    if not other.any():
        return None
    low, high = bootstrap_ratio(own, other, block=1)
    return f"{1 - own.mean() / other.mean():+.2f} ({1 - high:+.2f} to {1 - low:+.2f})"


def _longer(pairs: list) -> str | None:
    if not pairs:
        return None
    own, other = np.array(pairs, dtype=float).T
    low, high = bootstrap_ratio(own, other, block=1)
    return f"{own.mean() / other.mean() - 1:+.3f} ({low - 1:+.3f} to {high - 1:+.3f})"
