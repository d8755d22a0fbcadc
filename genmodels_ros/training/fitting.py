"""Fits any family to vectors: one call, one set of options, progress, resume, early stop, one checkpoint.

How depends on the family: gradients on its `loss` (here), expectation-maximisation for a mixture, a game for a GAN; the
table FITTERS says where. Every fitter leaves the best weights in the model and returns what it saw on the way.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

FITTERS: dict[str, str] = {  # family: module:function; by gradients where none is named
    "mixture": "genmodels_ros.training.families.mixture:fit_mixture",
    "gan": "genmodels_ros.training.families.vector_game:fit_by_game",
}
LARGEST_GRADIENT = 5.0


@dataclass(frozen=True)
class FitOptions:
    """steps: of the optimiser at most; patience: looks at the held-out rows without a better one before it stops.

    out: folder for the checkpoint and the state of the run, None to keep the model in memory; resume: go on from there
    """

    steps: int = 2000
    batch_size: int = 256
    learning_rate: float = 1e-3
    decay: float = 0.99  # of the averaged weights
    held_out: float = 0.1  # share of the rows
    looks: int = 40  # at the held-out rows, over all steps
    patience: int = 10
    seed: int = 0
    device: str = "auto"
    out: Path | None = None
    resume: bool = False


@dataclass
class History:
    """steps and held-out losses at every look; `warnings` name an instability and what to do."""

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    best_step: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fitted:
    """model: on the CPU, in evaluation mode; card: as it was, or would be, saved."""

    model: Standardised
    history: History
    card: Card


def fit(
    family: str,
    data: Vectors,
    settings: dict | None = None,
    options: FitOptions = FitOptions(),
    *,
    described: dict | None = None,
) -> Fitted:
    """Fits a new model of `family` with `settings` of its config to the rows of `data`.

    described: the data card. Raises GenModelsError: INVALID_CONFIG for settings, NOT_FINITE for a run that diverged,
    MODEL_UNAVAILABLE for a resume that does not fit.
    """
    device = resolve_device(options.device)
    torch.manual_seed(options.seed)
    rng = generator(options.seed)
    settings = {"dimension": data.x.shape[1], "condition_dimension": data.condition_dimension, **(settings or {})}
    model = Standardised.of_family(family, settings)
    model.described = {"data_shape": list(data.shape)}
    training, held_out = data.split(options.held_out, rng)
    model.measure(training.x, training.condition)
    model.to(device)
    started = time.process_time()
    history = _fitter(family)(model, training.to(device), held_out.to(device), options, rng)
    history.seconds = time.process_time() - started
    model.cpu().eval()
    history.warnings += model.warnings(held_out.x, held_out.condition)
    card = Card(
        model="family",
        config=model.card_config,
        data={"rows": len(data), "held_out": len(held_out), **(described or {})},
        command=f"genmodels fit --family {family} --data DATA --out OUT --steps {options.steps} --seed {options.seed}"
        + "".join(f" --set {k}={v}" for k, v in settings.items() if not k.endswith("dimension")),
        seed=options.seed,
        steps=history.best_step,
        metrics={"held_out_loss": min(history.losses, default=None), "seconds": round(history.seconds, 1)},
    )
    if options.out is not None:
        card = save_checkpoint(options.out, model, card)
    return Fitted(model, history, card)


def descend(
    model: Standardised, training: Vectors, held_out: Vectors, options: FitOptions, rng: torch.Generator
) -> History:
    """AdamW on the family's loss, averaged weights, early stop; leaves the best averaged weights in `model`."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=1e-4)
    average = ExponentialMovingAverage(model, options.decay)
    best, history = copy.deepcopy(average.average), History()
    modules = {"model": model, "average": average.average, "best": best}
    state = TrainingState(options.out or Path(), modules=modules, optimizers={"adamw": optimizer}, rng=rng)
    first = history.best_step = state.load() if options.resume and options.out else 0
    least = _held_out_loss(best, held_out) if first else float("inf")
    look_every, without = max(1, options.steps // options.looks), 0
    bar = progress(first, options.steps, model.family)
    for step, batch in zip(bar, training.batches(options.batch_size, rng), strict=False):
        set_learning_rate(optimizer, cosine_learning_rate(step, options.steps, options.learning_rate, warmup=50))
        _descend(model, optimizer, batch, rng)
        average.update(model, step)
        if (step + 1) % look_every and step + 1 < options.steps:
            continue
        loss = _held_out_loss(average.average, held_out)
        history.steps.append(step + 1)
        history.losses.append(loss)
        bar.set_postfix(held_out=f"{loss:.3f}")
        without += 1
        if loss < least:
            least, history.best_step, without = loss, step + 1, 0
            best.load_state_dict(average.average.state_dict())
        if options.out is not None:
            state.save(step + 1)
        if without >= options.patience:
            break
    model.load_state_dict(best.state_dict())
    return history


def _descend(model: Standardised, optimizer: torch.optim.Optimizer, batch: Vectors, rng: torch.Generator) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss = model.loss(batch.x, batch.condition, rng)
    if not loss.isfinite():
        raise GenModelsError(
            ErrorCode.NOT_FINITE,
            "The loss is no number any more: lower --learning-rate, or look for outliers in the data.",
        )
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
    optimizer.step()


@torch.no_grad()
def _held_out_loss(model: Standardised, held_out: Vectors) -> float:
    """Always with the same random numbers, so that two looks can be compared."""
    model.eval()
    rng, total = generator(0), torch.zeros(())
    for index in torch.arange(len(held_out)).split(1024):
        part = held_out[index.to(held_out.x.device)]
        total = total + model.loss(part.x, part.condition, rng).cpu() * len(index)
    return float(total / len(held_out))


def _fitter(family: str) -> Callable[..., History]:
    if family not in FITTERS:
        return descend
    module, function = FITTERS[family].split(":")
    return getattr(import_module(module), function)
