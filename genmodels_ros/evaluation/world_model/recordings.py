"""`genmodels evaluate world-model`: prediction error on a recording, beside the baselines."""

from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Recording, open_recording
from genmodels_ros.evaluation.statistics import bootstrap_mean, bootstrap_ratio
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.recorded_images import evaluate_images
from genmodels_ros.evaluation.world_model.recorded_scans import Predictions, predict_recording
from genmodels_ros.pipelines.mobile.world_model import WorldModel


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
