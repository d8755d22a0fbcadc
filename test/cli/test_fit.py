"""`genmodels fit` from a shell's point of view."""

import json

import numpy as np

from genmodels_ros.cli import main


def test_an_array_becomes_a_checkpoint(tmp_path, capsys):
    np.savez(tmp_path / "demos.npz", x=np.random.default_rng(0).normal(size=(60, 4, 2)))
    out = tmp_path / "model"
    arguments = ["fit", "--family", "vae", "--data", str(tmp_path / "demos.npz"), "--out", str(out), "--steps", "8"]
    assert main([*arguments, "--set", "latent=2", "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert "held_out_loss" in json.loads(said.out) and "collapse" in said.err  # 8 steps open no latent
    assert json.loads((out / "card.json").read_text())["config"]["latent"] == 2


def test_bad_input_is_one_line_and_exit_2(tmp_path, capsys):
    np.savez(tmp_path / "x.npz", x=np.zeros((60, 2)))
    for data, setting in (("missing.npz", "latent=2"), ("x.npz", "latent=0"), ("x.npz", "no_such=1")):
        arguments = ["fit", "--family", "vae", "--data", str(tmp_path / data), "--out", str(tmp_path / "m")]
        assert main([*arguments, "--set", setting, "--device", "cpu"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("genmodels: ") and error.count("\n") == 1
