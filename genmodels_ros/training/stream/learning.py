"""From nominal runs of a stream to a model of it: features, density, threshold, each from rows of their own.

Rows follow each other closely in time and resemble each other, so runs, not rows, are kept apart: most are fitted, some
end the fit early, the rest say how surprised the density is by nominal rows it has not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.models.whitened import Whitened
from genmodels_ros.pipelines.calibration import Calibration
from genmodels_ros.pipelines.stream.features import smooth, stream_features
from genmodels_ros.pipelines.stream.model import DENSITY, StreamLayout, StreamModel, usable
from genmodels_ros.pipelines.stream.rare_values import rare_values
from genmodels_ros.training.fitting import FitOptions, fit

RATES = (3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)  # [1/h]
PEAK_EVERY = 1.0  # s
FEWEST_RUNS = 3
MOST_ROWS = 200_000  # fitted
SETTINGS = {  # of families whose own defaults are slow where rows come a hundred times a second
    "mixture": {"components": 8, "restarts": 1},
    "flow": {"structure": "autoregressive", "transform": "affine", "layers": 4, "width": 128},
    "autoregressive": {"network": "made", "width": 128},
    "vae": {"latent": 24},
}
STEPS = {"mixture": 40}  # at most, of expectation-maximisation: each looks at every row
STOP, CALIBRATE = (3,), (1, 5, 8)  # of every ten runs


@dataclass(frozen=True)
class StreamLearning:
    """family, settings: of models/family.py, beside SETTINGS; budget: false alarms an hour.

    given: fields whose values are not judged, but what the others do beside them: where an arm is, what it was told;
    peak_every: s, of each of which the largest surprise counts for the calibration.
    """

    family: str = "flow"
    settings: dict = field(default_factory=dict)
    options: FitOptions = FitOptions()
    lags: int = 5
    smoothing: int = 5
    budget: float = 1.0
    given: tuple[str, ...] = ()
    peak_every: float = PEAK_EVERY


@dataclass(frozen=True)
class Parts:
    """Runs by what they are for."""

    fit: list[StreamRun]
    stop: list[StreamRun]
    calibrate: list[StreamRun]


def parted(runs: list[StreamRun]) -> Parts:
    """Of ten runs six to fit, one to stop, three to calibrate. Raises GenModelsError(INVALID_DATA) for too few."""
    if len(runs) < FEWEST_RUNS:
        raise GenModelsError(
            ErrorCode.INVALID_DATA, f"{len(runs)} runs are too few to learn what is normal: collect for longer."
        )
    kinds = ["calibrate" if i % 10 in CALIBRATE else "stop" if i % 10 in STOP else "fit" for i in range(len(runs))]
    chosen = {kind: [run for run, k in zip(runs, kinds, strict=True) if k == kind] for kind in ("fit", "stop")}
    return Parts(
        chosen["fit"], chosen["stop"] or runs[2:3], [r for r, k in zip(runs, kinds, strict=True) if k[0] == "c"]
    )


def learn_stream(
    parts: Parts, labels: tuple[str, ...], learning: StreamLearning, breathe: Callable[[], None] = lambda: None
) -> StreamModel:
    """breathe: called between steps of the fit; what it raises ends it.

    Raises GenModelsError: INVALID_DATA for too little, UNSUPPORTED for a family without a density, and what `fit` does.
    """
    features = {part: _features(getattr(parts, part), learning.lags) for part in ("fit", "stop")}
    rng = np.random.default_rng(learning.options.seed)
    rows = features["fit"]
    rows = rows[rng.permutation(len(rows))[:MOST_ROWS]]
    settings = {**SETTINGS.get(learning.family, {}), **learning.settings}
    given = given_columns(labels, learning.given)
    sizes = {"dimension": rows.shape[1] - len(given), "condition_dimension": len(given)}
    density = Whitened(Standardised.of_family(learning.family, {**sizes, **settings}))
    usable(density)
    density.measure(rows, given)
    white = [density.white(part.to(density.mean)) for part in (rows, features["stop"])]
    data = {"rows": len(features["fit"]), "seconds": round(sum(run.seconds for run in parts.fit))}
    C = len(given)
    rows, stopping = [Vectors(w[:, C:], w[:, :C] if C else None) for w in white]
    vectors = _RunVectors(rows.x, rows.condition, held_out=stopping, breathe=breathe)
    steps = min(learning.options.steps, STEPS.get(learning.family, learning.options.steps))
    fitted = fit(learning.family, vectors, settings, replace(learning.options, steps=steps), described=data)
    inner = fitted.model
    inner.described = {}
    density.inner = inner
    layout = layout_of(parts, labels, learning)
    density.described = layout.described
    card = replace(
        fitted.card, model="stream_density", config=density.card_config,
        command=fitted.card.command.replace("genmodels fit", "genmodels_ros.training.stream.learning:learn_stream"),
    )  # fmt: skip
    model = StreamModel(density.eval(), layout, card)
    return replace(model, calibration=calibrate_stream(model, parts.calibrate, learning.budget, learning.peak_every))


def given_columns(labels: tuple[str, ...], given: tuple[str, ...]) -> list[int]:
    """Indexes of the values of fields that are named, or lie within what is. Raises GenModelsError(INVALID_CONFIG)."""
    columns = []
    for path in given:
        found = [i for i, label in enumerate(labels) if label == path or label.startswith((f"{path}[", f"{path}."))]
        if not found:
            raise GenModelsError(
                ErrorCode.INVALID_CONFIG, f"No field {path!r} to take as given: {', '.join(labels[:8])} ..."
            )
        columns += found
    if len(set(columns)) == len(labels):
        raise GenModelsError(ErrorCode.INVALID_CONFIG, "All fields are taken as given: leave some to be judged.")
    return sorted(set(columns))


def layout_of(parts: Parts, labels: tuple[str, ...], learning: StreamLearning) -> StreamLayout:
    """Period and longest gap as the runs have them."""
    steps = np.concatenate([np.diff(run.stamps) for run in (*parts.fit, *parts.stop, *parts.calibrate)])
    period = float(np.median(steps))
    return StreamLayout(labels, learning.lags, learning.smoothing, period, float(steps.max() / period))


def calibrate_stream(
    model: StreamModel, runs: list[StreamRun], budget: float, every: float = PEAK_EVERY
) -> Calibration:
    """How often an hour nominal runs reach which surprise. Raises GenModelsError(INVALID_DATA) for too few peaks."""
    peaks, hours = [], 0.0
    for run in runs:
        smoothed = smooth(
            model.surprise(stream_features(run.stamps, run.rows, model.layout.lags)), model.layout.smoothing
        )
        pieces = np.array_split(smoothed, max(1, int(len(smoothed) * model.layout.period / every)))
        peaks += [float(piece.max()) for piece in pieces if len(piece)]
        hours += len(smoothed) * model.layout.period / 3600
    try:
        values = rare_values(np.array(peaks), hours, RATES)
    except ValueError as error:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"Cannot calibrate: {error}; collect for longer.") from error
    return Calibration(RATES, {DENSITY: values}, budget, hours)


def mean_surprise(model: StreamModel, runs: list[StreamRun]) -> float:
    """-log p a row [nats] of runs, by which two models of one stream are compared."""
    return float(np.concatenate([model.surprise(part) for part in _each(runs, model.layout.lags)]).mean())


def _each(runs: list[StreamRun], lags: int) -> list[np.ndarray]:
    return [stream_features(run.stamps, run.rows, lags) for run in runs]


def _features(runs: list[StreamRun], lags: int) -> Tensor:
    rows = torch.as_tensor(np.concatenate(_each(runs, lags)))
    if not len(rows):
        raise GenModelsError(ErrorCode.INVALID_DATA, "No run is longer than the window: collect for longer.")
    return rows


@dataclass(frozen=True)
class _RunVectors(Vectors):
    """Rows whose held-out part comes from other runs, and which take breath whenever some are taken."""

    held_out: Vectors | None = None
    breathe: Callable[[], None] = lambda: None

    def __getitem__(self, index) -> Vectors:
        self.breathe()
        return super().__getitem__(index)

    def to(self, *target) -> "_RunVectors":
        condition = None if self.condition is None else self.condition.to(*target)
        return replace(self, x=self.x.to(*target), condition=condition)

    def split(self, share: float, rng: torch.Generator) -> tuple[Vectors, Vectors]:
        return self, self.held_out
