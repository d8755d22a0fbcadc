"""The bars are judged as they are written."""

import pytest
import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.families.bench import bars, picture, tables
from genmodels_ros.evaluation.families.comparison import compare
from genmodels_ros.evaluation.families.contestant import Budget, Contestant

MADE = toy("two_moons")
DATA = Vectors(MADE.sample(500, torch.Generator().manual_seed(0)), None, (2,))


def maker(name, likelihood, worse):
    """Its density is `worse[seed]` nat below the truth, its samples that much wider."""

    def make(rows, budget, seed):
        def log_prob(x, condition):
            return MADE.log_prob(x) - worse[seed]

        def sample(n, condition, rng):
            return (1 + worse[seed]) * MADE.sample(n, rng)

        return Contestant(name, sample, None if likelihood == "none" else log_prob, likelihood, 1, 1, 1.0)

    return make


@pytest.mark.parametrize(
    ("ours", "verdict"), [((0.1, 0.1, 0.1), "yes"), ((0.25, 0.5, 0.6), "within spread"), ((0.9, 0.8, 0.7), "no")]
)
@pytest.mark.parametrize(("likelihood", "measure"), [("exact", "NLL above the truth"), ("none", "sliced W1")])
def test_a_family_is_measured_by_what_its_likelihood_allows(ours, verdict, likelihood, measure):
    makers = {"ours": maker("ours", likelihood, ours), "zuko NSF": maker("zuko NSF", "exact", (0.2, 0.2, 0.3))}
    (row,) = bars({"two_moons": compare(DATA, makers, Budget(), (0, 1, 2), toy=MADE)}).rows
    assert row[:3] == ("two_moons", "ours", measure) and row[4] == "zuko NSF" and row[-1] == verdict
    if likelihood == "exact":
        assert float(row[3].split()[0]) == pytest.approx(sorted(ours)[1], abs=0.01)


def test_a_table_a_toy_then_bars_and_closed_forms_and_a_row_of_cells_each(monkeypatch):
    monkeypatch.setattr("genmodels_ros.evaluation.families.bench.closed_form_table", lambda: None)
    makers = {name: maker(name, "exact", (0.1,)) for name in ("ours", "zuko NSF")}
    found = compare(DATA, makers, Budget(), toy=MADE)
    made = tables({"two_moons": found, "again": found})
    assert [len(part.rows) for part in made[:3]] == [3, 3, 2] and made[0].title.startswith("two moons")
    one, two = picture({"a": found}), picture({"a": found, "b": found})
    assert two.shape == (2 * one.shape[0], *one.shape[1:]) and (two[: len(one)] == one).all()
