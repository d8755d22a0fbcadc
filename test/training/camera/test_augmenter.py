import json
import logging
import subprocess
import sys

import numpy as np
import pytest
import torch

from genmodels_ros.data.image_shards import save_data_card, save_shard
from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.training.camera import augmenter, augmenter_run
from genmodels_ros.training.camera.augmenter_run import Schedule
from genmodels_ros.training.camera.translation_game import Settings

SMALL = Settings(width=16, discriminator_width=8, save_every=2)
SHORT = Schedule(look_every=2, encoder_steps=2)


@pytest.fixture
def shards(tmp_path):
    """A source of grey ramps and a target that is always dark."""
    rng = np.random.default_rng(0)
    bright = rng.integers(100, 250, (8, 1, 1, 3)) * np.linspace(0.5, 1, 32)[:, None] * np.ones((1, 32, 32, 1))
    save_shard(tmp_path / "source-000.npz", rgb=bright.astype(np.uint8))
    save_shard(tmp_path / "night-000.npz", rgb=(bright * 0.2).astype(np.uint8))
    labels, depth = np.zeros((8, 32, 32), np.uint8), np.full((8, 32, 32), 2, np.float16)
    save_shard(tmp_path / "heldout-000.npz", rgb=bright.astype(np.uint8), labels=labels, depth=depth)
    save_data_card(tmp_path, {"styles": ["night"]})
    return tmp_path


def run(shards, out, steps, **options):
    options = {"settings": SMALL, "schedule": SHORT, "batch_size": 4, "seed": 0, "device": "cpu", **options}
    return augmenter.train(data=shards, out=out, steps=steps, **options)


def test_training_moves_the_images_towards_the_target(shards, tmp_path):
    fast = Settings(width=16, discriminator_width=8, generator_rate=4e-3, discriminator_rate=4e-3, diversity=0.0)
    card = run(shards, tmp_path / "run", 30, settings=fast)
    model, _ = load_checkpoint(tmp_path / "run", "image_translation_gan")
    image = torch.full((1, 3, 32, 32), 0.6)
    with torch.no_grad():
        result = model.generator.transform(image, torch.tensor([0]), torch.zeros(1, 8)).apply(image)
    assert result.mean() < 0.5
    assert card.steps == 30 and "--batch-size 4" in card.command


class PulledPlug(Exception):
    pass


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(shards, tmp_path, monkeypatch):
    def until_the_plug_is_pulled(first, last, _):
        yield from range(first, 3)
        raise PulledPlug

    run(shards, tmp_path / "whole", 4)
    with monkeypatch.context() as patch, pytest.raises(PulledPlug):
        patch.setattr(augmenter_run, "progress", until_the_plug_is_pulled)
        run(shards, tmp_path / "parts", 4)  # the save after step 2 is the last
    run(shards, tmp_path / "parts", 4, resume=True)
    whole, parts = (load_checkpoint(tmp_path / name, "image_translation_gan")[0] for name in ("whole", "parts"))
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


def test_missing_data_is_named(tmp_path):
    with pytest.raises(GenModelsError, match="data card"):
        run(tmp_path, tmp_path / "run", 1)


def test_the_card_says_how_it_was_made(shards, tmp_path):
    run(shards, tmp_path / "run", 2)
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["data"]["settings"]["discriminator_width"] == 8
    assert card["metrics"]["heldout_frames"] == 8 and "gate_false_reject" in card["metrics"]
    assert card["config"] == {"styles": ["night"], "width": 16, "style_encoder_width": 16}


def test_a_run_ends_early_when_nothing_gets_better(shards, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(augmenter_run.TranslationWatch, "measure", lambda self, generator: 1.0)
    patient = Schedule(look_every=1, encoder_steps=1, patience=2)
    with caplog.at_level(logging.INFO):
        assert run(shards, tmp_path / "run", 50, schedule=patient).steps == 3
    assert "stopping early" in caplog.text


def test_a_run_ends_when_its_minutes_are_over_and_can_go_on(shards, tmp_path):
    assert run(shards, tmp_path / "run", 4, minutes=1e-9).steps == 1
    assert run(shards, tmp_path / "run", 4, resume=True).steps == 4


def own(tmp_path, count=200):
    """Pictures of a user: bright ones with labels, dark ones of a target, as shards, which need no decoder."""
    rng = np.random.default_rng(1)
    bright = np.kron(rng.integers(100, 250, (count, 3, 4, 3)), np.ones((1, 8, 8, 1))).astype(np.uint8)
    labels = (bright[..., 0] > 170).astype(np.uint8)
    for name in ("bright", "dark"):
        (tmp_path / name).mkdir()
    save_shard(tmp_path / "bright" / "source-000.npz", rgb=bright[: count // 2], labels=labels[: count // 2])
    save_shard(tmp_path / "dark" / "frames-000.npz", rgb=bright // 5)
    return {"source": tmp_path / "bright", "target": (tmp_path / "dark",), "style": ("dim",)}


@pytest.mark.parametrize(
    "options",
    [
        {"network": "translator", "size": "student", "objective": "relativistic"},
        {"network": "translator", "size": "student", "consistency": "cycle"},
        {"objective": "wgan_gp", "consistency": "contrastive"},
        {"objective": "wgan"},
    ],
    ids=["translator", "cycle", "wgan-gp", "wgan"],
)
def test_a_user_s_own_pictures_make_a_style(tmp_path, options):
    card = run(None, tmp_path / "run", 2, batch_size=2, **own(tmp_path), **options)
    model, _ = load_checkpoint(tmp_path / "run", "image_translation_gan")
    assert model.styles == ("dim",) and model.style_encoder is not None
    assert card.data["frames"] == {"source": 100, "dim": 200}
    assert 0 <= card.metrics["edge_agreement"] <= 1 and card.metrics["target_distance"] > 0
    if options.get("network") == "translator":
        assert card.config["label_values"] == [0, 1] and "--labels" in card.command


def test_three_target_pictures_are_refused(tmp_path):
    few = own(tmp_path, 200)
    save_shard(tmp_path / "dark" / "frames-000.npz", rgb=np.zeros((3, 24, 32, 3), np.uint8))
    with pytest.raises(GenModelsError, match="at least 200"):
        run(None, tmp_path / "run", 1, **few)


def test_a_target_without_a_name_is_refused(tmp_path):
    with pytest.raises(GenModelsError, match="--style"):
        run(None, tmp_path / "run", 1, target=(tmp_path,))


def test_a_run_may_start_from_a_trained_model_and_a_translator_from_a_recolouring_one(shards, tmp_path):
    run(shards, tmp_path / "first", 1)
    first, _ = load_checkpoint(tmp_path / "first", "image_translation_gan")
    still = Settings(width=16, discriminator_width=8, generator_rate=0.0)
    for network in ("bilateral", "translator"):
        options = {"network": network, "size": "student", "initial": tmp_path / "first", "settings": still}
        card = run(shards, tmp_path / network, 1, batch_size=2, **options)
        model, _ = load_checkpoint(tmp_path / network, "image_translation_gan")
        for name, value in first.generator.state_dict().items():
            assert torch.equal(
                model.generator.state_dict()[("light." if network == "translator" else "") + name], value
            )
        assert "--initial" in card.command
    with pytest.raises(GenModelsError, match="another shape"):
        run(shards, tmp_path / "other", 1, initial=tmp_path / "first", settings=Settings(width=24))


def test_a_translator_that_keeps_a_light_learns_its_texture_alone(shards, tmp_path):
    run(shards, tmp_path / "first", 1)
    options = {"network": "translator", "size": "student", "initial": tmp_path / "first", "keep_light": True}
    card = run(shards, tmp_path / "second", 2, batch_size=2, **options)
    light, _ = load_checkpoint(tmp_path / "first", "image_translation_gan")
    model, _ = load_checkpoint(tmp_path / "second", "image_translation_gan")
    for name, value in light.generator.state_dict().items():
        assert torch.equal(model.generator.state_dict()["light." + name], value)
    assert model.generator.texture.exit.weight.any() and "--keep-light" in card.command


@pytest.mark.parametrize("options", [{"network": "translator"}, {"network": "bilateral", "initial": "anywhere"}])
def test_a_light_to_keep_must_be_given_to_a_translator(shards, tmp_path, options):
    with pytest.raises(GenModelsError, match="--initial"):
        run(shards, tmp_path / "run", 1, keep_light=True, **options)


def test_training_needs_torch_and_numpy_alone():
    blocked = "import sys; sys.modules.update(dict.fromkeys(['cv2', 'rosbags', 'mujoco']))"
    modules = ("augmenter", "distillation", "style_encoder")
    imports = "".join(f"; import genmodels_ros.training.camera.{name}" for name in modules)
    subprocess.run([sys.executable, "-c", blocked + imports], check=True)
