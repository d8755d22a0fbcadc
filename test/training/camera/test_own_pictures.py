import logging

import cv2
import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.training.camera.own_pictures import read_pictures


def write(folder, count, seed=0, shape=(30, 40, 3)):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        coarse = rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        cv2.imwrite(
            str(folder / f"{number:03d}.png"), cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_NEAREST)
        )
    return folder


def test_three_pictures_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(GenModelsError, match=r"3 different.*at least 200.*record more") as raised:
        read_pictures(write(tmp_path, 3), minimum=200, width=32)
    assert raised.value.code == ErrorCode.INVALID_IMAGE


def test_a_picture_stored_twice_counts_once(tmp_path, caplog):
    write(tmp_path, 6)
    first = cv2.imread(str(tmp_path / "000.png"))
    cv2.imwrite(str(tmp_path / "copy.png"), first)
    cv2.imwrite(str(tmp_path / "larger.png"), cv2.resize(first, (80, 60), interpolation=cv2.INTER_NEAREST))
    with caplog.at_level(logging.INFO):
        found = read_pictures(tmp_path, minimum=6, width=32)
    assert (len(found.rgb), found.duplicates) == (6, 2)
    assert "2 duplicates" in caplog.text
    with pytest.raises(GenModelsError, match="2 duplicates"):
        read_pictures(tmp_path, minimum=7, width=32)


def test_a_damaged_file_is_left_out_and_named(tmp_path, caplog):
    write(tmp_path, 6)
    whole = (tmp_path / "002.png").read_bytes()
    (tmp_path / "002.png").write_bytes(whole[: len(whole) // 2])
    found = read_pictures(tmp_path, minimum=5, width=32)
    assert len(found.rgb) == 5 and len(found.problems) == 1 and found.problems[0][0] == "002"
    assert "002" in caplog.text


def test_pictures_come_in_one_shape_with_their_labels(tmp_path):
    write(tmp_path, 5)
    labels = np.zeros((30, 40), np.uint8)
    labels[:, 20:] = 9
    (tmp_path / "masks").mkdir()
    for number in range(5):
        cv2.imwrite(str(tmp_path / "masks" / f"{number:03d}.png"), labels)
    found = read_pictures(tmp_path, minimum=5, width=32, labels=tmp_path / "masks")
    assert found.rgb.shape == (5, 3, 24, 32) and found.labels.shape == (5, 24, 32)
    assert set(found.labels[:, :, :16].flatten().tolist()) == {0}
    assert set(found.labels[:, :, 16:].flatten().tolist()) == {9}
    square = read_pictures(tmp_path, minimum=5, width=32, height=32)
    assert square.rgb.shape == (5, 3, 32, 32)


def test_shards_are_pictures_too(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (7, 24, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "source-000.npz", rgb=rgb)
    np.savez(tmp_path / "night-000.npz", rgb=rgb[:2])
    found = read_pictures(tmp_path, minimum=7, width=32)
    assert np.array_equal(found.rgb.permute(0, 2, 3, 1).numpy(), rgb)
