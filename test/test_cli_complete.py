"""`genmodels complete`, from files to files."""

import json

import cv2
import numpy as np
import pytest

from genmodels_ros.cli import main
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.inpainter import ImageCompletionGAN

PERSON = 7


@pytest.fixture
def files(tmp_path, monkeypatch):
    """image.png, labels.png and a small checkpoint in the working folder."""
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    labels = np.ones((60, 80), np.uint8)
    labels[20:40, 30:50] = PERSON
    cv2.imwrite("image.png", image[..., ::-1])
    cv2.imwrite("labels.png", labels)
    save_checkpoint(tmp_path / "model", ImageCompletionGAN(width=16), Card("image_completion_gan", {"width": 16}))
    return image, labels


def run(*arguments):
    return main(["complete", "image.png", "labels.png", "made/out.png", "--checkpoint", "model", *arguments])


def read(name):
    return cv2.imread(name, cv2.IMREAD_UNCHANGED)


def test_an_object_is_removed_from_image_and_labels(files):
    image, _ = files
    assert run("--remove", str(PERSON), "--unlabelled", "255", "--no-mark", "--seed", "4") == 0
    made, kept = read("made/out.png")[..., ::-1], read("made/out_labels.png")
    assert set(np.unique(kept)) == {1, 255}
    assert np.array_equal(made[kept == 1], image[kept == 1])
    sidecar = json.loads(open("made/out.json").read())
    assert sidecar["repainted_pixels"] == (kept == 255).sum() and sidecar["labels"] == "out_labels.png"
    assert (sidecar["seed"], sidecar["mark_key"], sidecar["source"]) == (4, "", "image.png")


def test_without_an_object_everything_that_is_not_0_is_painted_over_and_marked(files):
    _, labels = files
    cv2.imwrite("labels.png", np.where(labels == PERSON, 255, 0).astype(np.uint8))
    assert run() == 0
    sidecar = json.loads(open("made/out.json").read())
    assert sidecar["repainted_pixels"] == 400 and sidecar["mark_key"]
    assert sidecar["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")


@pytest.mark.parametrize("arguments", [(), ("--remove", "9")])
def test_a_mask_that_cannot_be_is_one_line_and_exit_code_2(files, capsys, arguments):
    assert run(*arguments) == 2  # a mask of everything; a label that is not there
    assert capsys.readouterr().err.startswith("genmodels: ")


def test_training_takes_several_sources(files, tmp_path, capsys):
    (tmp_path / "pictures").mkdir()
    for number in range(22):
        cv2.imwrite(f"pictures/{number:02d}.png", np.full((70, 70, 3), 8 * number, np.uint8))
    command = ["train", "completion", "--data", "pictures", "--out", "run", "--steps", "1", "--batch-size", "1"]
    assert main([*command, "--images", "pictures", "--objective", "non_saturating"]) == 0
    card = json.loads(open("run/card.json").read())
    assert card["data"]["settings"]["objective"] == "non_saturating" and card["config"] == {"width": 64}
