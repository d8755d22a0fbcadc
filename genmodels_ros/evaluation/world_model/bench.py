"""Measures of the world model: on a recording (`genmodels evaluate world-model`), and `genmodels bench`'s tables."""

from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Recording, open_recording
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import bootstrap_mean, bootstrap_ratio
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.anomalies import bench_anomalies
from genmodels_ros.evaluation.world_model.recorded_images import evaluate_images
from genmodels_ros.evaluation.world_model.recorded_scans import Predictions, predict_recording
from genmodels_ros.evaluation.world_model.simulated_drives import bench_simulated, bench_speed
from genmodels_ros.pipelines.world_model import WorldModel

BUILDING = "intel-corrected.log.gz"  # a real one, held out of training
LOGS = ("intel-lab-sequential.log.gz", "mit-csail-sequential.log.gz")


def evaluate_recording(
    path: Path, *, context: int = 10, checkpoint: Path | None = None, device: str = "auto", seed: int = 0,
    dump: Path | None = None, max_starts: int = 400,
) -> list[Table]:  # fmt: skip
    """Prediction error by horizon beside the baselines, and the dump if asked for.

    A recording with images but no scans is for the camera world model. Raises GenModelsError: NO_OBSERVATION for a
    recording that cannot be used, MODEL_UNAVAILABLE.
    """
    recording = open_recording(path)
    if not recording.scans and recording.num_images:
        settings = {"context": context, "checkpoint": checkpoint, "device": device, "seed": seed}
        return [*evaluate_images(recording, dump=dump, max_starts=max_starts, **settings), *_left_out(recording)]
    world = WorldModel.from_checkpoint(checkpoint, device=device)
    predictions = predict_recording(world, recording, context, max_starts)
    if dump is not None:
        predictions.save(dump)
    return [error_table(f"Scan prediction, {Path(path).name}", predictions, seed), *_left_out(recording)]


def error_table(title: str, predictions: Predictions, seed: int = 0) -> Table:
    """A row a horizon: error of each baseline and of the model with its interval, skill against the best baseline."""
    model = predictions.errors(predictions.ranges_pred)
    baselines = {name: predictions.errors(ranges) for name, ranges in predictions.baselines.items()}
    rows = []
    for k, steps in enumerate(predictions.horizon_steps):
        usable = np.isfinite(model[:, k])
        errors = {name: values[usable, k] for name, values in baselines.items()}
        own = model[usable, k]
        best = min(errors, key=lambda name: errors[name].mean())
        low, high = bootstrap_mean(own, seed)
        ratio_low, ratio_high = bootstrap_ratio(own, errors[best], seed)
        rows.append(
            (
                int(steps), float(np.median(predictions.seconds[:, k])), int(usable.sum()),
                *[float(values.mean()) for values in errors.values()],
                float(own.mean()), f"{low:.3f} to {high:.3f}", float(1 - own.mean() / errors[best].mean()),
                f"{1 - ratio_high:.2f} to {1 - ratio_low:.2f}",
            )
        )  # fmt: skip
    columns = (
        "scans ahead", "s (median)", "starts", *[f"{name} [m]" for name in baselines], "model [m]", "95 %",
        "skill", "skill 95 %",
    )  # fmt: skip
    return Table(f"{title}: mean absolute error of hit beams, motion given", columns, tuple(rows))


def _left_out(recording: Recording) -> list[Table]:
    rows = tuple((note,) for note in recording.notes)
    return [Table("What the reader left out", ("note",), rows)] if rows else []


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
