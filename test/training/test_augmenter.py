import json

import numpy as np
import pytest
import torch

from genmodels_ros.data.image_shards import save_data_card, save_shard
from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.training import augmenter
from genmodels_ros.training.augmenter import Settings

SMALL = Settings(width=16, discriminator_width=8, save_every=2)


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
    return augmenter.train(data=shards, out=out, steps=steps, batch_size=4, seed=0, device="cpu", **options)


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

    run(shards, tmp_path / "whole", 4, settings=SMALL)
    with monkeypatch.context() as patch, pytest.raises(PulledPlug):
        patch.setattr(augmenter, "progress", until_the_plug_is_pulled)
        run(shards, tmp_path / "parts", 4, settings=SMALL)  # the save after step 2 is the last
    run(shards, tmp_path / "parts", 4, settings=SMALL, resume=True)
    whole, parts = (load_checkpoint(tmp_path / name, "image_translation_gan")[0] for name in ("whole", "parts"))
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


def test_missing_data_is_named(tmp_path):
    with pytest.raises(GenModelsError, match="data card"):
        run(tmp_path, tmp_path / "run", 1)


def test_the_card_says_how_it_was_made(shards, tmp_path):
    run(shards, tmp_path / "run", 2, settings=SMALL)
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["data"]["settings"]["discriminator_width"] == 8
    assert card["metrics"]["heldout_frames"] == 8 and "gate_false_reject" in card["metrics"]
    assert card["config"] == {"styles": ["night"], "width": 16}
