"""What is compared: a fitted model, ours or another library's, and the budget that all are given.

A budget is the same number of optimiser steps on batches of the same size, and at most the same processor seconds: the
steps that fit into these are found by a short trial, so that a schedule ends where its run does. What was used of
either is measured and printed; a fit that has no steps (a kernel density) has the seconds alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.distribution.training_report import gap_report, history_report
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.training.fitting import FitOptions, Fitted, fit

TRIAL_STEPS = 40
JUDGED_ROWS = 512  # of training rows, for the gap to held-out ones


@dataclass(frozen=True)
class Budget:
    """steps of batch_size rows each, at most; seconds of the processor, at most, None for as many as the steps take."""

    steps: int = 2000
    batch_size: int = 256
    seconds: float | None = None
    learning_rate: float = 1e-3
    device: str = "auto"

    def options(self, seed: int) -> FitOptions:
        return FitOptions(
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            patience=FitOptions.looks,  # nobody stops early; the best weights on rows kept back are taken all the same
            seed=seed,
            device=self.device,
        )

    def __str__(self) -> str:
        cap = "" if self.seconds is None else f", at most {self.seconds:g} processor s"
        return f"{self.steps} steps of {self.batch_size} rows{cap}"


@dataclass(frozen=True)
class Contestant:
    """sample(n, condition [n, C] or None, rng) → [n, D]; log_prob(x [N, D], condition) → [N] nats, or None.

    likelihood: its kind (models/family.py). steps made, None without any; seconds of the processor that fitting took.
    """

    name: str
    sample: Callable[[int, Tensor | None, torch.Generator], Tensor]
    log_prob: Callable[[Tensor, Tensor | None], Tensor] | None
    likelihood: str
    parameters: int
    steps: int | None
    seconds: float
    warnings: tuple[str, ...] = ()


def of_family(family: str, training: Vectors, budget: Budget, seed: int) -> Contestant:
    """Fits one of ours with its own defaults. Raises GenModelsError as `fit`."""
    options = budget.options(seed)
    if budget.seconds is not None:
        options = replace(options, steps=_affordable(family, training, budget, seed))
    fitted = fit(family, training, options=options)
    model, history = fitted.model, fitted.history
    return Contestant(
        name=family,
        sample=lambda n, condition, rng: model.sample(n, condition, rng=rng),
        log_prob=model.log_prob if model.can("log_prob") else None,
        likelihood=model.likelihood,
        parameters=_learnt(model),
        steps=history.steps[-1] if history.steps else None,
        seconds=history.seconds,
        warnings=tuple(_warnings(fitted, training, options)),
    )


def _learnt(model: Standardised) -> int:
    """Numbers that were learnt: parameters, or where gradients fit none what the family itself holds."""
    return sum(p.numel() for p in model.parameters()) or sum(b.numel() for b in model.core.buffers())


def _affordable(family: str, training: Vectors, budget: Budget, seed: int) -> int:
    """Steps that fit into the budget's seconds, with as many looks at held-out rows a step as the run will take."""
    if budget.steps <= TRIAL_STEPS:
        return budget.steps
    options = budget.options(seed)
    looks = max(1, round(options.looks * TRIAL_STEPS / budget.steps))
    options = replace(options, steps=TRIAL_STEPS, looks=looks)
    fit(family, training, options=options)  # pays for what is set up once
    trial = fit(family, training, options=options).history
    affordable = int(budget.seconds / max(trial.seconds, 1e-6) * TRIAL_STEPS)
    return min(budget.steps, max(TRIAL_STEPS, affordable))


@torch.no_grad()
def _warnings(fitted: Fitted, rows: Vectors, options: FitOptions) -> list[str]:
    """The split is that of `fit`: the first thing that is drawn from the seed."""
    found = history_report(fitted.history)
    training, held_out = rows.split(options.held_out, torch.Generator().manual_seed(options.seed))
    model = fitted.model
    if model.core.can("loss") and model.likelihood in ("exact", "bound"):  # losses in nats
        losses = (_loss(model, part[torch.arange(min(JUDGED_ROWS, len(part)))]) for part in (training, held_out))
        found += gap_report(*losses, rows.x.shape[1])
    return found


def _loss(model: Standardised, rows: Vectors) -> float:
    return float(model.loss(rows.x, rows.condition, torch.Generator().manual_seed(0)))
