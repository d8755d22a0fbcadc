"""`genmodels distill` from a shell's point of view."""

import json

import numpy as np

from genmodels_ros.cli import main


def test_a_fitted_model_gets_a_student(tmp_path, capsys):
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=(60, 2)))
    common = ["--data", str(tmp_path / "x.npz"), "--steps", "4", "--device", "cpu"]
    teacher, student = str(tmp_path / "teacher"), str(tmp_path / "student")
    assert main(["fit", "--family", "diffusion", "--out", teacher, *common, "--set", "width=16"]) == 0
    assert main(["distill", teacher, "--out", student, *common, "--inference-steps", "2"]) == 0
    assert "squared_error_of_one_step" in capsys.readouterr().out
    config = json.loads((tmp_path / "student" / "card.json").read_text())["config"]
    assert config["sampler"] == "consistency" and config["inference_steps"] == 2
    assert main(["distill", student, "--out", student, *common]) == 2
    assert "teacher" in capsys.readouterr().err
