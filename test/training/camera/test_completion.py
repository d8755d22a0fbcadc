import json

import numpy as np
import pytest
import torch

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.image_shards import save_data_card, save_shard
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.training.camera import completion
from genmodels_ros.training.camera.completion import Settings
from genmodels_ros.training.camera.completion_frames import (
    CROP,
    CompletionFrames,
    held_out_part,
    recorded_frames,
    training_part,
)
from genmodels_ros.training.camera.completion_losses import feature_matching, inside, touched

SMALL = Settings(width=16, discriminator_width=8, save_every=2, penalty_every=2)


def stripes(count, height=72, width=80, seed=0):
    """Vertical stripes: a smooth filling is wrong, and what is right is plain to see above and below the hole."""
    phase = np.random.default_rng(seed).uniform(0, 12, (count, 1, 1, 1))
    row = 128 + 100 * np.sign(np.sin((np.arange(width)[:, None] + phase) * 2 * np.pi / 12))
    return np.broadcast_to(row, (count, height, width, 3)).astype(np.uint8)


@pytest.fixture
def shards(tmp_path):
    save_shard(tmp_path / "shards" / "source-000.npz", rgb=stripes(24))
    save_data_card(tmp_path / "shards", {})
    return tmp_path / "shards"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    for number, image in enumerate(stripes(30, 40, 50, seed=1)):
        (tmp_path / "pictures" / f"{number:03d}.png").write_bytes(encode_png(image))
    return tmp_path / "pictures"


def run(data, out, steps, **options):
    return completion.train(data=data, out=out, steps=steps, batch_size=2, seed=0, device="cpu", **options)


def test_training_brings_the_hole_nearer_to_the_truth(shards, tmp_path):
    settings = Settings(width=16, discriminator_width=8, generator_rate=5e-3, adversarial=0.001)
    card = run(shards, tmp_path / "run", 40, settings=settings)
    model, _ = load_checkpoint(tmp_path / "run", "image_completion_gan")
    image, hole = CompletionFrames.load(shards).sample(8, np.random.default_rng(99))
    with torch.no_grad():
        residual, filled = model.generator.residual(image, hole, torch.zeros_like(hole))
    assert inside(filled + residual - image, hole) < 0.9 * inside(filled - image, hole)
    assert card.steps == 40 and "--batch-size 2" in card.command


@pytest.mark.parametrize("objective", ("relativistic", "non_saturating"))
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(shards, tmp_path, monkeypatch, objective):
    class PulledPlug(Exception):
        pass

    def until_the_plug_is_pulled(first, last, _):
        yield from range(first, 3)
        raise PulledPlug

    run(shards, tmp_path / "whole", 4, settings=SMALL, objective=objective)
    with monkeypatch.context() as patch, pytest.raises(PulledPlug):
        patch.setattr(completion, "progress", until_the_plug_is_pulled)
        run(shards, tmp_path / "parts", 4, settings=SMALL, objective=objective)
    run(shards, tmp_path / "parts", 4, settings=SMALL, objective=objective, resume=True)
    whole, parts = (load_checkpoint(tmp_path / name, "image_completion_gan")[0] for name in ("whole", "parts"))
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


def test_the_card_tells_the_sources_and_the_settings(shards, folder, tmp_path):
    run(shards, tmp_path / "run", 1, settings=SMALL, images=(folder,))
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["data"]["sources"] == [{"name": "shards", "frames": 24}, {"name": "pictures", "frames": 27}]
    assert card["data"]["settings"]["objective"] == "relativistic"
    assert "discriminator" not in "".join(load_checkpoint(tmp_path / "run", card["model"])[0].state_dict())


def test_a_folder_of_images_alone_is_data_too_and_small_ones_are_enlarged_by_mirroring(folder):
    frames = CompletionFrames.load(folder)
    image, hole = frames.sample(3, np.random.default_rng(0))
    assert image.shape == (3, 3, CROP, CROP) and hole.shape == (3, 1, CROP, CROP)
    assert 0 <= image.min() and image.max() <= 1 and set(hole.unique().tolist()) == {0.0, 1.0}


def test_the_last_tenth_is_never_trained_on(folder):
    frames = recorded_frames(folder)
    assert len(training_part(frames)) == 27 and len(held_out_part(frames)) == 3
    assert np.array_equal(np.concatenate([training_part(frames), held_out_part(frames)]), frames)


def test_too_few_images_are_refused_with_what_to_do(tmp_path):
    for number, image in enumerate(stripes(3)):
        (tmp_path / f"{number}.png").write_bytes(encode_png(image))
    with pytest.raises(GenModelsError, match="give at least") as caught:
        CompletionFrames.load(tmp_path)
    assert caught.value.code == ErrorCode.INVALID_IMAGE


def test_only_the_hole_counts():
    hole = torch.zeros(1, 1, 16, 16)
    hole[..., 4:8, 4:8] = 1
    difference = torch.where(hole > 0, 2.0, 5.0).expand(1, 3, 16, 16)
    assert inside(difference, hole) == 2
    logits = torch.arange(4.0).view(1, 2, 2)
    assert touched(logits, hole).tolist() == [0.0]
    layers = [difference, difference[..., ::2, ::2]]
    assert feature_matching(layers, [torch.zeros_like(layer) for layer in layers], hole) == 2
