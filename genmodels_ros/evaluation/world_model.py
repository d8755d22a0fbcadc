"""Measures of the world model: on a recording (`genmodels evaluate world-model`), and `genmodels bench`'s tables."""

from itertools import islice
from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Recording, open_recording
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.recorded_scans import Predictions, predict_recording
from genmodels_ros.evaluation.simulated_drives import bench_simulated, bench_speed
from genmodels_ros.evaluation.statistics import bootstrap_mean, bootstrap_ratio
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.world_model import WorldModel

LOGS = ("intel-lab-sequential.log.gz", "mit-csail-sequential.log.gz")


def evaluate_recording(
    path: Path, *, context: int = 10, checkpoint: Path | None = None, device: str = "auto", seed: int = 0,
    dump: Path | None = None, max_starts: int = 400,
) -> list[Table]:  # fmt: skip
    """Prediction error by horizon beside the baselines, and the dump if asked for.

    Raises GenModelsError: NO_OBSERVATION for a recording that cannot be used, MODEL_UNAVAILABLE for one with images
    only, since the shipped model has no camera.
    """
    recording = open_recording(path)
    if not recording.scans and recording.num_images:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"{path}: {_camera_baseline(recording)}")
    world = WorldModel.from_checkpoint(checkpoint, device=device)
    predictions = predict_recording(world, recording, context, max_starts)
    if dump is not None:
        predictions.save(dump)
    tables = [error_table(f"Scan prediction, {Path(path).name}", predictions, seed)]
    if recording.notes:
        tables.append(Table("What the reader left out", ("note",), tuple((note,) for note in recording.notes)))
    return tables


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


def _camera_baseline(recording: Recording) -> str:
    """What can be said of images: how well repeating the last one does."""
    images = [item.image.astype(np.int16) for item in islice(recording.images(), 200)]
    if len({image.shape for image in images}) != 1:
        return "holds no series of images of one size, and the shipped world model has no camera."
    errors = [
        f"{steps} frames {np.mean([np.abs(b - a).mean() for a, b in zip(images, images[steps:], strict=False)]):.1f}"
        for steps in (1, 5, 10)
        if len(images) > steps
    ]
    return (
        "holds images but no laser scans, and the shipped world model has no camera; "
        f"copying the last image is off by (mean of 255 levels after) {', '.join(errors)}."
    )


def bench(options: BenchOptions) -> list[Table]:
    """The README's numbers: held-out simulated floors, real logs in `options.data` if there, speed."""
    data, seed, quick = options.data, options.seed, options.quick
    world = WorldModel.from_checkpoint(options.checkpoint, device=options.device)
    tables = bench_simulated(world, seed=seed, floors=8 if quick else 40)
    for name in LOGS:
        path = None if data is None else next(iter(sorted(Path(data).rglob(name))), None)
        if path is not None:
            starts = 60 if quick else 400
            predictions = predict_recording(world, open_recording(path), 10, starts, quiet=True)
            tables.append(error_table(f"Real log {name}", predictions, seed))
    return [*tables, bench_speed(world, quick)]
