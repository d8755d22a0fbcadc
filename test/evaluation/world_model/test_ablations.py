"""Variants are compared by what their cards say."""

import json

import pytest

from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.world_model.ablations import MEASURES, ablation_table


def write(folder, name, value):
    (folder / name).mkdir(parents=True)
    card = {"model": "scan_world_model", "config": {}, "steps": 7, "metrics": dict.fromkeys(MEASURES, value)}
    (folder / name / "card.json").write_text(json.dumps(card))


def test_a_row_a_variant(tmp_path):
    write(tmp_path, "whole", 0.25), write(tmp_path, "no_tracks", 0.5)
    table = ablation_table(tmp_path)
    assert [row[:3] for row in table.rows] == [("no_tracks", 7, 0.5), ("whole", 7, 0.25)]
    (tmp_path / "whole" / "card.json").write_text("{")
    with pytest.raises(GenModelsError, match="card"):
        ablation_table(tmp_path)
