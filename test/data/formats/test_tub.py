"""Donkey tubs out; what is written is found again the way Donkey Car finds it: by the catalogs' line lengths."""

import json

import cv2
import numpy as np
import pytest

from genmodels_ros.data.formats import tub_writer
from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import GenModelsError


@pytest.fixture
def tub(tmp_path, picture):
    folder = tmp_path / "tub"
    (folder / "images").mkdir(parents=True)
    lines = []
    for index in range(3):
        name = f"{index}_cam_image_array_.jpg"
        (folder / "images" / name).write_bytes(encode_png(picture(index)))
        record = {"cam/image_array": name, "_timestamp_ms": 1000 + 50 * index, "_index": index, "user/throttle": 0.5}
        lines.append(json.dumps({**record, "user/angle": index / 10 - 0.1}))
    (folder / "catalog_0.catalog").write_text("\n".join(lines) + "\n")
    return folder


def loaded(folder) -> list[dict]:
    """Every record, sought by the lengths in its catalog's manifest."""
    *_, last = (json.loads(line) for line in (folder / "manifest.json").read_text().splitlines())
    records = []
    for path in last["paths"]:
        manifest = json.loads((folder / f"{path}_manifest").read_text())
        content, place = (folder / path).read_text(), 0
        assert manifest["start_index"] == len(records)
        for length in manifest["line_lengths"]:
            records.append(json.loads(content[place : place + length]))
            place += length
        assert place == len(content)
    assert last["current_index"] == len(records)
    return records


def test_angle_throttle_and_time_go_with_every_variant(tub, picture, darker, copy_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(tub_writer, "RECORDS", 4)
    copy_dataset(open_images(tub), "same", tmp_path / "out", variants=2)
    records = loaded(tmp_path / "out")
    assert [record["_index"] for record in records] == list(range(6))
    for number, record in enumerate(records):
        source = number // 2
        assert record["user/angle"] == pytest.approx(source / 10 - 0.1) and record["user/throttle"] == 0.5
        assert record["_timestamp_ms"] == 1000 + 50 * source and record["_session_id"] == f"variant_{number % 2:02d}"
        pixels = cv2.imread(str(tmp_path / "out" / "images" / record["cam/image_array"]))
        assert np.array_equal(pixels[..., ::-1], darker(picture(source)))


def test_only_a_tub_becomes_a_tub(yolo, copy_dataset, tmp_path):
    with pytest.raises(GenModelsError, match="choose lerobot"):
        copy_dataset(open_images(yolo.folder), "tub", tmp_path / "out")
