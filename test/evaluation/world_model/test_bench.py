from pathlib import Path

from genmodels_ros.evaluation.world_model import bench


def test_floors_without_and_with_people_and_a_building_are_told_apart(starts, monkeypatch):
    asked = []
    monkeypatch.setattr(bench, "drive_floors", lambda *arguments, **which: asked.append(which) or starts)
    tables = bench.bench_simulated(None, seed=0, floors=8, building=Path("hall-corrected.log.gz"))
    assert [which["people"] for which in asked] == [0, 6, 6] and "building" in asked[-1]
    titles = [table.title for table in tables]
    assert len(titles) == 2 * 3 + 3 and any("hall's building" in title for title in titles)
