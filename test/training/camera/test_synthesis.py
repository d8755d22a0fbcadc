import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from genmodels_ros.data.image_shards import save_shard
from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.training.camera import synthesis, synthesis_examples
from genmodels_ros.training.camera.synthesis import Settings
from genmodels_ros.training.camera.synthesis_examples import SynthesisExamples, decided

SMALL = Settings(latent=4, channels=(16, 16), patch=1, save_every=2, generator_rate=5e-3, discriminator_rate=5e-3)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch):
    monkeypatch.setattr(synthesis, "PROBED", 8)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Bright over dark pictures of many colours; the mask says which part is which (4 and 9)."""
    folder = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(16)[:, None] < rng.integers(4, 12, (220, 1, 1)), 4, 9) * np.ones((1, 1, 16), int)
    rgb = rng.integers(130, 250, (220, 1, 1, 3)) * np.where(labels == 4, 1.0, 0.3)[..., None]
    save_shard(folder / "source-000.npz", rgb=rgb.astype(np.uint8), labels=labels.astype(np.uint8))
    return folder


def run(shards, out, steps, **options):
    options = {"settings": SMALL, **options}
    return synthesis.train(data=shards, out=out, steps=steps, batch_size=8, device="cpu", height=8, width=8, **options)


def test_pictures_and_masks_are_learned_together(shards, tmp_path):
    fast = replace(SMALL, save_every=100, generator_rate=3e-2, discriminator_rate=3e-2, augmentation=0.0)
    card = run(shards, tmp_path, 50, settings=fast)
    model, _ = load_checkpoint(tmp_path, "image_synthesis_gan")
    assert model.labels == (4, 9) and card.steps == 50
    with torch.no_grad():
        painted = model.generator(torch.randn(64, 4, generator=torch.Generator().manual_seed(0)))
    upper, lower = painted[:, :, :2], painted[:, :, -2:]
    assert upper[:, 3].mean() > lower[:, 3].mean() + 0.2  # the first class lies above
    assert upper[:, :3].mean() > lower[:, :3].mean() + 0.1  # and is brighter


class PulledPlug(Exception):
    pass


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(shards, tmp_path, monkeypatch):
    def until_the_plug_is_pulled(first, last, _):
        yield from range(first, 3)
        raise PulledPlug

    run(shards, tmp_path / "whole", 4)
    with monkeypatch.context() as patch, pytest.raises(PulledPlug):
        patch.setattr(synthesis, "progress", until_the_plug_is_pulled)
        run(shards, tmp_path / "parts", 4)  # the save after step 2 is the last
    run(shards, tmp_path / "parts", 4, resume=True)
    whole, parts = (load_checkpoint(tmp_path / name, "image_synthesis_gan")[0] for name in ("whole", "parts"))
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, parts.state_dict()[name], atol=1e-6), name


@pytest.mark.parametrize("objective", ["minimax", "wgan", "wgan_gp"])
def test_the_objective_is_chosen_by_name_and_told_by_the_card(shards, tmp_path, objective):
    run(shards, tmp_path, 1, objective=objective)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["data"]["settings"]["objective"] == objective and f"--objective {objective}" in card["command"]
    assert "training_coverage" in card["metrics"]


def test_the_penalty_weakens_towards_the_end(shards, tmp_path, monkeypatch):
    gammas = []
    play = synthesis.AdversarialGame.round
    monkeypatch.setattr(
        synthesis.AdversarialGame, "round", lambda game, *rest: gammas.append(game.gamma) or play(game, *rest)
    )
    run(shards, tmp_path, 4, settings=replace(SMALL, gamma=2.0, last_gamma=0.01))
    assert gammas == pytest.approx([2.0 * 0.01 ** (step / 4) for step in range(4)])


def test_what_the_discriminator_sees_is_changed_as_much_as_asked_for(shards, tmp_path, monkeypatch):
    strengths = []
    monkeypatch.setattr(synthesis, "augment", lambda images, strength, rng: strengths.append(strength) or images)
    card = run(shards, tmp_path, 2, augmentation=0.3)
    assert set(strengths) == {0.3} and "--augmentation 0.3" in card.command
    strengths.clear()
    monkeypatch.setattr(synthesis.AdaptiveStrength, "update", lambda self, *_: self._strength.fill_(0.7))
    run(shards, tmp_path / "adaptive", 2)
    assert set(strengths) == {0.0, 0.7}
    with pytest.raises(GenModelsError, match="augmentation must be in"):
        run(shards, tmp_path, 1, augmentation=1.5)


def test_without_masks_pictures_alone_are_learned(shards, tmp_path):
    data = tmp_path / "plain"
    with np.load(shards / "source-000.npz") as shard:
        save_shard(data / "source-000.npz", rgb=shard["rgb"])
    assert run(data, tmp_path / "out", 1).config["labels"] == []


def test_too_few_pictures_are_refused(shards, tmp_path):
    with np.load(shards / "source-000.npz") as shard:
        save_shard(tmp_path / "source-000.npz", rgb=shard["rgb"][:20])
    with pytest.raises(GenModelsError, match=f"at least {synthesis_examples.MIN_PICTURES}"):
        run(tmp_path, tmp_path / "out", 1)


def test_a_size_that_cannot_be_halved_is_refused(shards, tmp_path):
    with pytest.raises(GenModelsError, match="multiples of 2"):
        synthesis.train(data=shards, out=tmp_path, steps=1, height=9, width=8, device="cpu", settings=SMALL)


def test_masks_are_mirrored_with_their_pictures(shards):
    examples = SynthesisExamples.load(shards, None, 16, 16, torch.device("cpu"))
    examples.rgb[:, :, :, :8] = 0
    examples.classes[:] = 1
    examples.classes[:, :, :8] = 0
    batch = examples.batch(16, torch.Generator().manual_seed(0))
    assert torch.equal(batch[:, 3] == 1, batch[:, 0] == 0)
    assert 0 < float(batch[:, 3, 0, 0].mean()) < 1


def test_a_decided_mask_is_one_hot_and_passes_the_gradient_of_its_probability():
    logits = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    painted = torch.cat([torch.zeros(2, 3, 4, 4), logits.softmax(1)], dim=1)
    result = decided(painted)
    assert torch.allclose(result[:, 3:].amax(1), torch.ones(2, 4, 4)) and torch.allclose(result.sum(1), torch.ones(1))
    weights = torch.randn(2, 6, 4, 4, generator=torch.Generator().manual_seed(1))
    gradients = [torch.autograd.grad((x * weights).sum(), logits, retain_graph=True)[0] for x in (result, painted)]
    assert torch.allclose(*gradients, atol=1e-6)
