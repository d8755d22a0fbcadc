"""`genmodels bench world-model`: simulated floors, real logs, faults, speed."""

import time
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.data.recordings import open_recording
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.anomalies import bench_anomalies
from genmodels_ros.evaluation.world_model.drive_tables import collision_table, listening_table, pose_table, scan_tables
from genmodels_ros.evaluation.world_model.recorded_scans import predict_recording
from genmodels_ros.evaluation.world_model.recordings import error_table
from genmodels_ros.evaluation.world_model.simulated_drives import HELD_OUT_SEED, drive_floors, observations_of
from genmodels_ros.pipelines.mobile.world_model import WorldModel

BUILDING = "intel-corrected.log.gz"  # a real one, held out of training
LOGS = ("intel-lab-sequential.log.gz", "mit-csail-sequential.log.gz")


def bench(options: BenchOptions) -> list[Table]:
    """The README's numbers: floors it was not trained on, recordings in `options.data` if there, faults, speed."""
    data, seed, quick = options.data, options.seed, options.quick
    world = WorldModel.from_checkpoint(options.checkpoint, device=options.device)
    tables = bench_simulated(world, seed=seed, floors=8 if quick else 40, building=_find(data, BUILDING))
    for name in LOGS:
        path = _find(data, name)
        if path is not None:
            starts = 60 if quick else 400
            predictions = predict_recording(world, open_recording(path), 10, starts, quiet=True)
            tables.append(error_table(f"Real log {name}", predictions, seed))
    return [*tables, bench_anomalies(world, seed, hours=0.2 if quick else 2.0), bench_speed(world, quick)]


def _find(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else next(iter(sorted(Path(folder).rglob(name))), None)


def bench_simulated(world: WorldModel, *, seed: int, floors: int, building: Path | None = None) -> list[Table]:
    """Tables of prediction, pose and collision on floors without and with people, and on pieces of a real `building`
    with people if its log is given.
    """
    half = floors // 2
    groups = {
        f"{half} floors without people": drive_floors(world, HELD_OUT_SEED + seed, half, people=0),
        f"{floors - half} floors with people": drive_floors(world, HELD_OUT_SEED + seed + 1, floors - half, people=6),
    }
    if building is not None:
        pieces = max(1, half // 2)
        name = f"{pieces} pieces of {building.name.split('-')[0]}'s building, with people"
        groups[name] = drive_floors(world, HELD_OUT_SEED + seed + 2, pieces, people=6, building=building)
    starts = list(chain(*groups.values()))
    return [
        *chain(*(scan_tables(name, some, seed) for name, some in groups.items())),
        listening_table(starts, seed),
        pose_table(starts, seed),
        collision_table(groups),
    ]


def bench_speed(world: WorldModel, quick: bool) -> Table:
    """Time of one observation and of 256 rollouts x 14 steps, on this machine, one thread per torch setting."""
    from genmodels_ros.simulation.floor.episodes import simulate_floor

    observations = observations_of(simulate_floor(HELD_OUT_SEED, 0, steps=60 if quick else 200))
    world.reset()
    commands = np.random.default_rng(0).uniform([-0.1, -1.2], [0.6, 1.2], size=(256, 1, 2)).repeat(14, axis=1)
    observing, imagining = [], []
    for observation in observations:
        observing.append(_seconds(lambda o=observation: world.observe(o)))
        imagining.append(_seconds(lambda: world.imagine(commands)))
    rows = tuple(
        (name, *[1000 * float(np.percentile(times, q)) for q in (50, 95)])
        for name, times in (("observe one scan", observing), ("imagine 256 sequences x 14 steps", imagining))
    )
    return Table(f"Speed, {world.device}, {torch.get_num_threads()} threads", ("what", "p50 [ms]", "p95 [ms]"), rows)


def _seconds(function) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
