"""`genmodels augment` and then `genmodels inspect`: what was made is known again."""

import json

import cv2
import numpy as np

from genmodels_ros.cli import main


def test_what_augment_makes_inspect_knows(tmp_path, capsys):
    source, out = tmp_path / "images", tmp_path / "out"
    source.mkdir()
    coarse = np.random.default_rng(0).integers(40, 220, (8, 10, 3), dtype=np.uint8)
    cv2.imwrite(str(source / "a.png"), cv2.resize(coarse, (160, 128), interpolation=cv2.INTER_NEAREST))
    assert main(["augment", str(source), str(out), "--count", "2", "--seed", "5"]) == 0
    capsys.readouterr()
    assert main(["inspect", str(source), str(out), "--json"]) == 0
    camera, *made = json.loads(capsys.readouterr().out)
    assert (camera["synthetic"], camera["by_mark"], camera["by_metadata"]) == (False, False, False)
    assert made and all(one["by_mark"] and one["by_metadata"] and one["false_alarm"] < 1e-7 for one in made)
    assert all(one["metadata"]["source"].endswith("a.png") and one["metadata"]["seed"] for one in made)
    assert main(["inspect", str(out)]) == 0
    table = capsys.readouterr().out
    assert f"{len(made)} of {len(made)} images are synthetic" in table and "found" in table


def test_an_unreadable_image_is_said_and_is_exit_code_2(tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"nothing of an image")
    cv2.imwrite(str(tmp_path / "good.png"), np.zeros((70, 70, 3), np.uint8))
    assert main(["inspect", str(tmp_path)]) == 2
    answer = capsys.readouterr()
    assert "good.png" in answer.out and "unread" in answer.out
    assert answer.err.startswith("genmodels: 1 of 2 images cannot be read") and answer.err.count("\n") == 1
    assert main(["inspect", str(tmp_path / "missing")]) == 2
