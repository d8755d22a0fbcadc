import numpy as np
import pytest

from genmodels_ros.data.image_shards import load_data_card, load_shards, save_data_card, save_shard
from genmodels_ros.errors import GenModelsError


def test_shards_come_back_in_order_and_as_one(tmp_path):
    for number in (1, 0):
        save_shard(tmp_path / f"fog-{number:03d}.npz", rgb=np.full((2, 3, 4, 3), number, np.uint8))
    save_shard(tmp_path / "night-000.npz", rgb=np.full((1, 3, 4, 3), 9, np.uint8))
    assert load_shards(tmp_path, "fog")["rgb"][:, 0, 0, 0].tolist() == [0, 0, 1, 1]
    assert not list(tmp_path.glob("*.partial"))


def test_missing_and_damaged_shards_are_named(tmp_path):
    with pytest.raises(GenModelsError, match="genmodels data"):
        load_shards(tmp_path, "fog")
    (tmp_path / "fog-000.npz").write_bytes(b"PK damaged")
    with pytest.raises(GenModelsError, match="fog-000"):
        load_shards(tmp_path, "fog")


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "fog-000.npz", rgb=np.array([{"a": 1}], dtype=object))
    with pytest.raises(GenModelsError):
        load_shards(tmp_path, "fog")


def test_the_card_comes_back(tmp_path):
    save_data_card(tmp_path, {"styles": ["fog"]})
    assert load_data_card(tmp_path) == {"styles": ["fog"]}
    with pytest.raises(GenModelsError):
        load_data_card(tmp_path / "nowhere")
