"""Our families beside zuko's and scikit-learn's own examples, on toys whose density is known.

The budget is that of zuko's tutorial. The bar: a family is no worse than its counterpart, in what its likelihood
allows:

    exact, estimate   negative log-likelihood of held-out rows
    bound, none       sliced Wasserstein distance of samples to them
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.families.closed_form import closed_form_table
from genmodels_ros.evaluation.families.comparison import TEST_SHARE, Comparison, compare, family_makers, table
from genmodels_ros.evaluation.families.contestant import Budget
from genmodels_ros.evaluation.families.outsiders import OUTSIDERS
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table, spread
from genmodels_ros.models.registry import FAMILIES

TOYS = ("two_moons", "eight_gaussians", "checkerboard")
TRAINING_ROWS = 16_384
BUDGET = Budget(steps=2048, batch_size=64)  # 8 epochs, as zuko's tutorial
SEEDS = 3
COUNTERPARTS = {"mixture": "sklearn mixture"}  # of the others: zuko's tutorial
TUTORIAL = "zuko NSF"


def bench(options: BenchOptions) -> list[Table]:
    """A table for each toy, one of bars, one of densities against closed forms."""
    comparisons = {name: on_toy(name, options) for name in TOYS}
    tables = [table(found, _title(name, options)) for name, found in comparisons.items()]
    return [*tables, bars(comparisons), closed_form_table()]


def on_toy(name: str, options: BenchOptions, families: Sequence[str] = tuple(FAMILIES)) -> Comparison:
    """Ours and theirs on one toy; quick: one seed and an eighth of the steps."""
    made = toy(name)
    rows = round(TRAINING_ROWS / (1 - TEST_SHARE))
    data = Vectors(made.sample(rows, torch.Generator().manual_seed(options.seed)), None, (2,))
    budget = replace(BUDGET, device=options.device, steps=BUDGET.steps // (8 if options.quick else 1))
    seeds = range(options.seed, options.seed + (1 if options.quick else SEEDS))
    return compare(data, {**family_makers(families), **OUTSIDERS}, budget, seeds, toy=made, split_seed=options.seed)


def bars(comparisons: dict[str, Comparison]) -> Table:
    """yes: our median is no worse; within spread: worse, but the ranges over the seeds overlap; no."""
    rows = []
    for name, comparison in comparisons.items():
        for family in comparison.entries:
            if family in OUTSIDERS:
                continue
            counterpart = COUNTERPARTS.get(family, TUTORIAL)
            measure, (ours, theirs) = _judged(comparison, family, counterpart)
            rows.append((name, family, measure, spread(ours), counterpart, spread(theirs), _verdict(ours, theirs)))
    return Table(
        "Families beside other libraries' own examples, median (range) over seeds",
        ("data", "family", "measure", "ours", "counterpart", "theirs", "no worse"),
        tuple(rows),
    )


def _judged(comparison: Comparison, *names: str) -> tuple[str, list[list[float]]]:
    by_density = comparison.entries[names[0]].fits[0].likelihood in ("exact", "estimate")
    scores = [comparison.entries[name].scores for name in names]
    if by_density:
        return "NLL above the truth", [[s.nll - comparison.judge.true_nll for s in part] for part in scores]
    return "sliced W1", [[s.sliced_wasserstein for s in part] for part in scores]


def _verdict(ours: Sequence[float], theirs: Sequence[float]) -> str:
    if np.median(ours) <= np.median(theirs):
        return "yes"
    return "within spread" if min(ours) <= max(theirs) else "no"


def _title(name: str, options: BenchOptions) -> str:
    seeds = 1 if options.quick else SEEDS
    return f"{name.replace('_', ' ')}, {seeds} seeds: median (least to greatest)"
