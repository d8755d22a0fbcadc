"""`genmodels compare` from a shell's point of view."""

import json

import numpy as np
import pytest

from genmodels_ros.cli import main

QUICK = ["--families", "vae,mixture", "--steps", "4", "--device", "cpu"]


def test_a_toy_becomes_a_table_and_a_picture(tmp_path, capsys):
    picture = tmp_path / "p.png"
    arguments = ["compare", "--data", "two_moons", "--rows", "200", "--seeds", "2", "--json", "--plot", str(picture)]
    assert main([*arguments, *QUICK]) == 0
    (table,) = json.loads(capsys.readouterr().out)
    assert [row["family"] for row in table["rows"]] == ["real rows", "vae", "mixture"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_array_with_conditions_is_compared(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "paths.npz", x=rng.normal(size=(80, 4, 2)), condition=rng.normal(size=(80, 3)))
    arguments = ["compare", "--data", str(tmp_path / "paths.npz"), "--draw", "paths", "--plot", str(tmp_path / "p.png")]
    assert main([*arguments, *QUICK]) == 0
    assert "| mixture" in capsys.readouterr().out and (tmp_path / "p.png").exists()


def test_what_is_not_there_is_one_line_and_exit_2(tmp_path, capsys):
    assert main(["compare", "--data", str(tmp_path / "missing.npz"), *QUICK]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit) as error:
        main(["compare", "--data", "two_moons", "--families", "vae,magic"])
    assert error.value.code == 2 and "mixture" in capsys.readouterr().err
