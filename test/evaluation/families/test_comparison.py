"""The table beside real rows: one split, one budget, one row a model."""

import json

import torch

from genmodels_ros.data.toys import toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.families.comparison import COLUMNS, FLOOR, compare, family_makers, table
from genmodels_ros.evaluation.families.contestant import Budget, Contestant

MADE = toy("two_moons")
DATA = Vectors(MADE.sample(500, torch.Generator().manual_seed(0)), None, (2,))
BUDGET = Budget(steps=3, device="cpu")


def test_every_model_and_seed_gets_the_same_rows():
    seen = {}

    def spy(name):
        def make(rows, budget, seed):
            seen[name, seed] = rows.x
            return Contestant(name, lambda n, c, rng: MADE.sample(n, rng), None, "none", 1, seed, 0.1, ("Careful.",))

        return make

    found = compare(DATA, {"a": spy("a"), "b": spy("b")}, BUDGET, (3, 4), toy=MADE)
    assert set(seen) == {("a", 3), ("a", 4), ("b", 3), ("b", 4)} and len(found.judge.training) == 400
    assert all(torch.equal(rows, found.judge.training.x) for rows in seen.values())
    rows = {tuple(row.tolist()) for row in found.judge.training.x} & {tuple(r.tolist()) for r in found.judge.test.x}
    assert not rows


def test_the_table_holds_real_rows_first_and_each_warning_once():
    def make(rows, budget, seed):
        return Contestant("a", lambda n, c, rng: MADE.sample(n, rng), None, "none", 7, 3, float(seed), ("Careful.",))

    made = table(compare(DATA, {"a": make}, BUDGET, (1, 2, 3), toy=MADE), "t")
    floor, row = (dict(zip(COLUMNS, cells, strict=True)) for cells in made.rows)
    assert floor["family"] == FLOOR and floor["likelihood"] == "true" and floor["parameters"] is None
    assert row["training [s]"] == "2.0 (1.0 to 3.0)" and row["NLL [nat]"] is None and row["parameters"] == "7"
    assert made.notes[1:] == ("a: Careful.",) and json.dumps(made.as_dict())


def test_families_are_compared_with_conditions():
    c = torch.rand(200, 1, generator=torch.Generator().manual_seed(0))
    data = Vectors(torch.cat([c, c + 1], 1), c, (2,))
    found = compare(data, family_makers(("vae", "mixture")), BUDGET)
    assert list(found.entries) == ["vae", "mixture"] and found.entries["vae"].fits[0].steps == 3
    assert len(table(found, "t").rows) == 3
