"""The command line's promises: exit codes, one-line errors, results a program can read."""

import json

import cv2
import numpy as np
import pytest

from genmodels_ros.cli import main
from genmodels_ros.robots.description import load_robot

PROBLEM = {
    "id": "free/1",
    "scene": "free",
    "start": [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785],
    "goal_config": [0.8, -0.4, 0.2, -2.0, 0.1, 1.8, 0.5],
    "goal_pose": None,
    "boxes": [{"center": [0.6, 0.6, 0.2], "dims": [0.2, 0.2, 0.4], "quat_wxyz": [1, 0, 0, 0]}],
    "cylinders": [],
    "spheres": [],
}


@pytest.fixture
def problems(tmp_path):
    blocked = {**PROBLEM, "id": "blocked/1", "spheres": [{"center": [0.3, 0.0, 0.59], "radius": 0.2}]}
    path = tmp_path / "problems.json"
    path.write_text(json.dumps([PROBLEM, blocked]))
    return path


def test_plan_answers_every_problem(problems, tmp_path, capsys):
    out = tmp_path / "results.json"
    assert main(["plan", str(problems), "--out", str(out), "--samples", "4", "--all-candidates"]) == 0
    solved, blocked = json.loads(out.read_text())
    assert "1 of 2 solved" in capsys.readouterr().out
    assert (solved["id"], solved["status"]) == ("free/1", "success") and solved["source"] in ("model", "fallback")
    positions = np.array(solved["trajectory"]["positions"])
    assert np.allclose(positions[0], PROBLEM["start"]) and np.allclose(positions[-1], PROBLEM["goal_config"])
    assert len(solved["candidates"]) == solved["num_verified"] >= 1
    scores = [candidate["score"] for candidate in solved["candidates"]]
    assert scores == sorted(scores)
    assert blocked["status"].lower() == "start_in_collision"
    assert blocked["message"] and blocked["trajectory"] is None


@pytest.mark.timeout(400)  # some ten seconds of processor time
def test_an_arm_is_added_and_a_model_made_for_it(tmp_path, capsys, monkeypatch):
    """The whole way in small, from a URDF to the table of a model trained for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two_links.urdf").write_text(load_robot("planar2").source.urdf)
    small = ["--count", "12", "--steps", "2", "--batch-size", "4", "--problems", "1"]
    add = ["robot", "add", "two_links.urdf", "--out", "arms/two_links.yaml", "--spheres-slack", "40", "--train", "made"]
    assert main([*add, *small]) == 0
    answer = capsys.readouterr().out
    for word in ("2 joints", "upper_arm", "no SRDF", "written to arms/two_links.yaml", "solved and clean", "two_links"):
        assert word in answer
    robot = load_robot(tmp_path / "arms" / "two_links.yaml")
    assert robot.joint_names == ("shoulder", "elbow") and robot.collision_pairs == (("post", "forearm"),)
    card = json.loads((tmp_path / "made" / "checkpoint" / "card.json").read_text())
    assert card["config"]["robot"] == "two_links" and card["config"]["joints"] == 2
    query = {**PROBLEM, "start": [0.0, 0.4], "goal_config": [0.8, -0.4], "boxes": []}
    (tmp_path / "problems.json").write_text(json.dumps([query]))
    plan = ["plan", "problems.json", "--out", "results.json", "--robot", "arms/two_links.yaml"]
    assert main([*plan, "--checkpoint", "made/checkpoint", "--samples", "4"]) == 0
    assert json.loads((tmp_path / "results.json").read_text())[0]["status"] == "success"


@pytest.mark.parametrize(
    "arguments",
    [
        ["robot", "add", "missing.urdf", "--out", "arm.yaml"],
        ["robot", "make", "missing.yaml", "--out", "made"],
        ["plan", "missing.json", "--out", "results.json"],
        ["evaluate", "world-model", "--recording", "missing.log"],
        ["augment", "missing_folder", "out"],
        ["train", "trajectories", "--data", "missing", "--out", "out", "--steps", "1"],
        ["train", "world-model", "--data", "missing", "--out", "out", "--steps", "1"],
        ["train", "augmenter", "--data", "missing", "--out", "out", "--steps", "1"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith("genmodels: ") and "\n" not in message and len(message) > 20


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["nonsense"],
        ["augment", "a", "b", "--count", "0"],
        ["data", "world-model", "--out", "out", "--count", "1", "--robot", "ur5"],
        ["train", "augmenter", "--data", "a", "--out", "b", "--steps", "1", "--latent", "gaussian"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2 and "usage" in capsys.readouterr().err


def test_an_unknown_device_is_refused(problems, tmp_path, capsys):
    assert main(["plan", str(problems), "--out", str(tmp_path / "r.json"), "--device", "tpu"]) == 2
    assert "auto, cpu, cuda" in capsys.readouterr().err


def test_augment_writes_images_labels_and_sidecars(tmp_path):
    source, labels, out = tmp_path / "images", tmp_path / "labels", tmp_path / "out"
    source.mkdir(), labels.mkdir()
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (96, 72), interpolation=cv2.INTER_NEAREST)
    mask = cv2.resize(rng.integers(0, 5, (6, 8), np.uint8), (96, 72), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(source / "a.png"), picture)
    cv2.imwrite(str(labels / "a.png"), mask)
    arguments = ["augment", str(source), str(out), "--count", "3", "--labels", str(labels), "--seed", "5"]
    assert main(arguments) == 0
    sidecars = [json.loads(path.read_text()) for path in sorted(out.rglob("*.json"))]
    assert len(sidecars) == 3
    for sidecar in sidecars:
        assert {"source", "model", "seed", "style", "accepted"} <= sidecar.keys()
    accepted = [sidecar for sidecar in sidecars if sidecar["accepted"]]
    pictures = [path for path in out.rglob("*.png") if cv2.imread(str(path), cv2.IMREAD_UNCHANGED).ndim == 3]
    assert len(pictures) == len(accepted) >= 1
    masks = [path for path in out.rglob("*.png") if cv2.imread(str(path), cv2.IMREAD_UNCHANGED).ndim == 2]
    assert len(masks) == len(accepted)
    assert all((cv2.imread(str(path), cv2.IMREAD_UNCHANGED) == mask).all() for path in masks)
