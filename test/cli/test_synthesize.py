"""`genmodels synthesize`: pictures with their masks, and `inspect` knows them again."""

import json

import torch

from genmodels_ros.cli import main
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN


def test_what_synthesize_makes_inspect_knows(tmp_path, capsys):
    torch.manual_seed(0)
    config = {"height": 64, "width": 80, "labels": [0, 3], "latent": 8, "channels": [16, 16], "patch": 2}
    save_checkpoint(tmp_path / "model", ImageSynthesisGAN.from_config(config), Card("image_synthesis_gan", config))
    out = tmp_path / "out"
    assert main(["synthesize", str(tmp_path / "model"), str(out), "--count", "2", "--seed", "5"]) == 0
    assert "2 pictures" in capsys.readouterr().out
    assert len(list((out / "labels").glob("*.png"))) == 2
    assert main(["inspect", *map(str, sorted(out.glob("*.png"))), "--json"]) == 0
    assert all(one["by_mark"] and one["by_metadata"] for one in json.loads(capsys.readouterr().out))


def test_a_missing_checkpoint_is_said_and_is_exit_code_2(tmp_path, capsys):
    assert main(["synthesize", str(tmp_path / "none"), str(tmp_path / "out")]) == 2
    assert "No usable checkpoint card" in capsys.readouterr().err and not (tmp_path / "out").exists()
