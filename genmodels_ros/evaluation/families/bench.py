"""Our families beside zuko's and scikit-learn's own examples, on toys whose density is known.

The budget is that of zuko's tutorial. The bar: a family is no worse than its counterpart, in what its likelihood
allows:

    exact, estimate   negative log-likelihood of held-out rows
    bound, none       sliced Wasserstein distance of samples to them

python -m genmodels_ros.evaluation.families.bench --plot PICTURE.png
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.families.closed_form import closed_form_table
from genmodels_ros.evaluation.families.comparison import TEST_SHARE, Comparison, compare, family_makers, table
from genmodels_ros.evaluation.families.contestant import Budget
from genmodels_ros.evaluation.families.outsiders import OUTSIDERS
from genmodels_ros.evaluation.families.picture import samples_of, sheet
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
    return tables({name: on_toy(name, options) for name in TOYS})


def tables(comparisons: dict[str, Comparison]) -> list[Table]:
    title = "{}: median (range) over seeds"
    of_toys = [table(found, title.format(name.replace("_", " "))) for name, found in comparisons.items()]
    return [*of_toys, bars(comparisons), closed_form_table()]


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


def picture(comparisons: dict[str, Comparison]) -> np.ndarray:
    """uint8 [H, W, 3] RGB: a row of cells for each toy."""
    return np.vstack([sheet(samples_of(found), (2,), columns=1 + len(found.entries)) for found in comparisons.values()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", type=Path, help="write samples of every model as a picture, PNG")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one seed, an eighth of the steps")
    args = parser.parse_args()
    options = BenchOptions(device="cpu", seed=args.seed, quick=args.quick)
    comparisons = {name: on_toy(name, options) for name in TOYS}
    print("\n\n".join(made.markdown() for made in tables(comparisons)))
    if args.plot is not None:
        args.plot.write_bytes(encode_png(picture(comparisons)))


if __name__ == "__main__":
    main()
