"""Donkey tubs: folders and archives read alike."""

import json
import tarfile

import cv2
import numpy as np
import pytest

from genmodels_ros.data.recordings import open_recording
from genmodels_ros.errors import GenModelsError


@pytest.fixture
def tub(tmp_path):
    folder = tmp_path / "tub"
    (folder / "images").mkdir(parents=True)
    lines = []
    for i in range(6):
        image = np.full((12, 16, 3), (40 * i, 10, 200), np.uint8)
        cv2.imwrite(str(folder / "images" / f"{i}_cam_image_array_.jpg"), image[..., ::-1])
        lines.append(json.dumps({
            "_index": i, "_timestamp_ms": 1000 + 50 * i, "cam/image_array": f"{i}_cam_image_array_.jpg",
            "user/angle": 0.25, "user/throttle": 0.5,
        }))  # fmt: skip
    (folder / "catalog_0.catalog").write_text("\n".join(lines[:3]) + "\n")
    (folder / "catalog_1.catalog").write_text("\n".join([*lines[3:], '{"_index": 6, "_times']) + "\n")
    (folder / "manifest.json").write_text('[]\n{"paths": [], "deleted_indexes": [1]}\n')
    return folder


def archive(folder, path):
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, arcname="drive")
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_images_and_commands_in_order(tub, tmp_path, packed):
    recording = open_recording(archive(tub, tmp_path / "tub.tar.gz") if packed else tub)
    assert recording.kind == "tub" and recording.num_images == 5
    assert [command.stamp for command in recording.commands] == [1.0, 1.1, 1.15, 1.2, 1.25]
    assert recording.commands[0].twist == pytest.approx([0.5, -0.25])  # steering right turns clockwise
    images = list(recording.images())
    assert [image.image.shape for image in images] == [(12, 16, 3)] * 5
    reds = [int(image.image[..., 0].mean()) for image in images]
    assert reds == pytest.approx([0, 80, 120, 160, 200], abs=6)
    notes = " ".join(recording.notes)
    assert "1 malformed" in notes and "1 records that the driver deleted" in notes


def test_damaged_and_empty_tubs_are_refused(tub, tmp_path):
    whole = archive(tub, tmp_path / "tub.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "catalog_0.catalog").write_text("{}\n")
    for path in (tmp_path / "cut.tar.gz", tmp_path / "bare"):
        with pytest.raises(GenModelsError):
            open_recording(path)
