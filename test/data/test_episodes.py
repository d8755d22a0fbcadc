"""Shards of drives: written and read back, cut into windows, split by floor."""

from pathlib import Path

import numpy as np
import pytest

from genmodels_ros.data.episodes import Episodes, load_shard, save_shard, shard_paths, split_by_floor, windows
from genmodels_ros.errors import GenModelsError


def episodes(drive):
    n = len(drive)
    rng = np.random.default_rng(0)
    return Episodes(
        scan=rng.random((n, 8)).astype(np.float16), odometry=rng.random((n, 3)).astype(np.float32),
        twist=rng.random((n, 2)).astype(np.float32), pose=rng.random((n, 3)).astype(np.float32),
        command=rng.random((n, 2)).astype(np.float32), touched=rng.random(n) < 0.5,
        people=np.full((n, 2, 3), np.nan, np.float32), drive=np.array(drive, np.int32),
    )  # fmt: skip


def test_a_shard_is_read_back(tmp_path):
    shard = episodes([0, 0, 1, 1, 1])
    save_shard(tmp_path / "floor_00000.npz", shard)
    again = load_shard(tmp_path / "floor_00000.npz")
    for name in shard.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(shard, name))
    assert not list(tmp_path.glob("*.partial"))


def test_damaged_shards_are_refused(tmp_path):
    path = tmp_path / "floor_00000.npz"
    save_shard(path, episodes([0] * 5))
    content = path.read_bytes()
    np.savez(tmp_path / "other.npz", scan=np.zeros(3))
    for bad in (content[: len(content) // 2], b"", (tmp_path / "other.npz").read_bytes()):
        path.write_bytes(bad)
        with pytest.raises(GenModelsError, match="floor_00000"):
            load_shard(path)
    with pytest.raises(GenModelsError, match="No shards"):
        shard_paths(tmp_path / "nothing")


def test_windows_stay_within_a_drive():
    starts = windows(episodes([0] * 4 + [1] * 6 + [2] * 2), 3)
    assert starts.tolist() == [0, 1, 4, 5, 6, 7]


def test_floors_are_in_one_part_only():
    paths = [Path(f"floor_{i:05d}.npz") for i in range(40)]
    training, validation = split_by_floor(paths)
    assert len(validation) == 4 and not set(training) & set(validation) and len(training) == 36
    more = split_by_floor([*paths, Path("floor_00040.npz")])[1]
    assert set(validation) <= set(more)  # a grown data set keeps what was held out
    assert [len(part) for part in split_by_floor(paths[:2])] == [1, 1]


def test_pieces_of_real_buildings_are_for_training_only():
    paths = [Path(f"floor_{i:05d}.npz" if i % 3 < 2 else f"floor_{i:05d}_aces.npz") for i in range(60)]
    training, validation = split_by_floor(paths)
    assert len(validation) == 4 and len(training) == 56
    assert not [path for path in validation if "aces" in path.stem]
