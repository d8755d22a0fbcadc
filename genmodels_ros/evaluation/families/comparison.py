"""One table for models of all kinds: quality, diversity, likelihood, speed, size, and what real rows score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tqdm import tqdm

from genmodels_ros.data.toys import Toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.distribution.sliced_wasserstein import PROJECTIONS
from genmodels_ros.evaluation.families.contestant import Budget, Contestant, of_family
from genmodels_ros.evaluation.families.judge import ESTIMATED_ROWS, Judge, Scores
from genmodels_ros.evaluation.tables import Table, spread

TEST_SHARE = 0.2
FLOOR = "real rows"
COLUMNS = (
    "family", "sliced W1", "MMD² x1000", "precision", "recall", "density", "coverage", "modes", "NLL [nat]",
    "likelihood", "copies", "ms per 1,000", "parameters", "steps", "training [s]",
)  # fmt: skip

QUALITY = ("precision", "recall", "density", "coverage")

Maker = Callable[[Vectors, Budget, int], Contestant]  # (training rows, budget, seed)


@dataclass(frozen=True)
class Entry:
    """One model fitted once for each seed."""

    fits: Sequence[Contestant]
    scores: Sequence[Scores]


@dataclass(frozen=True)
class Comparison:
    """judge, and an entry for each name."""

    judge: Judge
    budget: Budget
    entries: dict[str, Entry]


def family_makers(names: Sequence[str]) -> dict[str, Maker]:
    """Of the registered families, by name."""
    return {name: lambda rows, budget, seed, name=name: of_family(name, rows, budget, seed) for name in names}


def compare(
    data: Vectors,
    makers: dict[str, Maker],
    budget: Budget,
    seeds: Sequence[int] = (0,),
    *,
    toy: Toy | None = None,
    split_seed: int = 0,
) -> Comparison:
    """Fits each model with each seed to the same TEST_SHARE-less rows and measures it beside the rest."""
    judge = Judge(*data.split(TEST_SHARE, torch.Generator().manual_seed(split_seed)), toy)
    entries = {}
    for name, make in tqdm(makers.items(), desc="models", disable=None):
        fits = [make(judge.training, budget, seed) for seed in seeds]
        entries[name] = Entry(fits, [judge.score(fit) for fit in fits])
    return Comparison(judge, budget, entries)


def table(comparison: Comparison, title: str) -> Table:
    """Cells: median (least to greatest) over the seeds; every warning is a note."""
    judge, warnings = comparison.judge, []
    rows = [_row(FLOOR, Entry((), judge.floor), judge.true_nll)]
    for name, entry in comparison.entries.items():
        rows.append(_row(name, entry))
        said = [s for fit in entry.fits for s in fit.warnings] + [s for x in entry.scores for s in judge.report(x)]
        warnings += [f"{name}: {sentence}" for sentence in dict.fromkeys(said)]
    return Table(title, COLUMNS, tuple(rows), (_note(comparison), *warnings))


def _row(name: str, entry: Entry, nll: float | None = None) -> tuple:
    fits, scores = entry.fits, entry.scores

    def of(read: Callable, parts: Sequence, form: str = "{:#.3g}"):
        return spread([read(part) for part in parts], form)

    return (
        name,
        of(lambda s: s.sliced_wasserstein, scores, "{:.3f}"),
        of(lambda s: 1000 * s.discrepancy, scores, "{:.2f}"),
        *(of(lambda s, n=n: getattr(s.quality, n), scores, "{:.2f}") for n in QUALITY),
        of(lambda s: s.modes, scores, "{:.0f}"),
        of(lambda s: s.nll, scores, "{:.3f}") if nll is None else nll,
        fits[0].likelihood if fits else None if nll is None else "true",
        of(lambda s: s.copies and s.copies.ratio, scores, "{:.2f}"),
        of(lambda s: s.milliseconds, scores, "{:#.2g}"),
        of(lambda f: f.parameters, fits, "{:.0f}"),
        of(lambda f: f.steps, fits, "{:.0f}"),
        of(lambda f: f.seconds, fits, "{:#.2g}"),
    )


def _note(comparison: Comparison) -> str:
    judge = comparison.judge
    estimated = any(entry.fits[0].likelihood == "estimate" for entry in comparison.entries.values())
    return (
        f"Budget: {comparison.budget}. {len(judge.training)} rows to fit to (a family keeps a tenth back to choose its "
        f"best step), {len(judge.test)} held out. Distances in units of the training rows' deviations: sliced W1 over "
        f"{PROJECTIONS} directions, MMD with a Gaussian kernel of width {judge.bandwidth:.3g} (the median distance), "
        "nearest neighbours with k = 5. Copies: distance to training rows over that to held-out rows, 1 for none."
        + (f" Estimated likelihoods are those of {ESTIMATED_ROWS} held-out rows." if estimated else "")
    )
