import numpy as np
import pytest
import torch

from genmodels_ros.data.image_shards import save_shard
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.augmenter import synthesis
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.simulation.scenes import LabelClass

SIZE = (16, 24)


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    config = {"height": 16, "width": 24, "labels": [0, 1, 2], "latent": 8, "channels": [16, 16]}
    save_checkpoint(tmp_path, ImageSynthesisGAN.from_config(config), Card("image_synthesis_gan", config))
    return tmp_path


def pictures(count, seed=0):
    """A bright upper and a dark lower part of many colours, and which is which (2 and 1)."""
    rng = np.random.default_rng(seed)
    labels = np.where(np.arange(16)[:, None] < rng.integers(4, 12, (count, 1, 1)), 2, 1) * np.ones((1, 1, 24), int)
    rgb = rng.integers(130, 250, (count, 1, 1, 3)) * np.where(labels == 2, 1.0, 0.3)[..., None]
    return rgb.astype(np.uint8), labels.astype(np.uint8)


@pytest.fixture
def no_rendering(monkeypatch):
    def render(count, seed):
        rgb, labels = pictures(count, seed)
        return LabelledFrames(rgb, labels, np.ones(labels.shape, np.float32))

    monkeypatch.setattr(synthesis.LabelledFrames, "render", render)
    monkeypatch.setattr(synthesis, "QUICK_COUNT", 24)


def cells(table, name):
    return dict(zip(table.columns, next(row for row in table.rows if row[0] == name), strict=True))


def test_real_pictures_are_nearer_than_the_mixture_and_that_nearer_than_the_mean():
    real, floor, known = (pictures(36, seed)[0] for seed in range(3))
    rows = {"mixture": synthesis.mixture(known, 36, 0), "mean": synthesis.blurred_mean(known, 36), "real": floor}
    table = synthesis._nearness(rows, real)
    assert cells(table, "real")["KID"] < cells(table, "mixture")["KID"] < cells(table, "mean")["KID"]
    assert cells(table, "mean")["recall"] == 0 and cells(table, "real")["recall"] > 0.7


def test_masks_that_show_what_the_segmenter_sees_agree_with_it_and_others_do_not(monkeypatch):
    rgb, labels = pictures(12)
    seen = {rgb.tobytes(): labels}
    monkeypatch.setattr(synthesis, "seen_by", lambda _, images: seen[images.tobytes()])
    table = synthesis._masks(rgb, labels.astype(np.int32), rgb, labels)
    own, other = cells(table, "generator"), cells(table, "… with masks of other pictures")
    assert own["mIoU"] == 100 and own["pixels alike"] == "100.0%" and other["mIoU"] < 90
    assert own["floor"] == f"{(labels == LabelClass.FLOOR).mean():.1%}"


def test_the_segmenter_sees_pictures_at_its_own_height_and_answers_at_theirs(monkeypatch):
    shapes = []

    def upper_half(model, images):
        shapes.append(images.shape)
        masks = np.zeros(images.shape[:3], np.uint8)
        masks[:, : masks.shape[1] // 2] = 1
        return masks

    monkeypatch.setattr(synthesis, "predict", upper_half)
    seen = synthesis.seen_by(None, np.zeros((2, 64, 80, 3), np.uint8))
    assert shapes == [(2, 96, 120, 3)] and seen.shape == (2, 64, 80)
    assert seen[:, :32].all() and not seen[:, 32:].any()


def test_copies_are_told_from_new_pictures():
    training, new, other = (pictures(40, seed)[0] for seed in range(3))
    table = synthesis._copies({"copies": training[:20], "new": other}, training, new, 0)
    copies, fresh = cells(table, "copies"), cells(table, "new")
    assert copies["distance to training / to new frames"] < 0.01 and copies["p"] < 0.01
    assert fresh["distance to training / to new frames"] == pytest.approx(1, abs=0.5) and fresh["p"] > 0.01


def test_the_tables_set_the_generator_beside_its_yardsticks(checkpoint, tmp_path, no_rendering):
    save_shard(tmp_path / "source-000.npz", rgb=pictures(20, 5)[0])
    options = BenchOptions(tmp_path, "cpu", quick=True, checkpoint=checkpoint)
    near, masks, copies = synthesis.bench(options)
    assert [row[0] for row in near.rows][-1] == "real frames" and len(near.rows) == 5
    assert cells(near, "generator")["KID"] > cells(near, "real frames")["KID"]
    assert [row[0] for row in masks.rows][-1] == "real frames"
    assert [row[0] for row in copies.rows] == ["generator", "real frames"]


def test_without_the_shards_of_training_copies_are_not_looked_for(checkpoint, no_rendering):
    assert len(synthesis.bench(BenchOptions(device="cpu", quick=True, checkpoint=checkpoint))) == 2


def test_without_a_checkpoint_the_command_says_how_to_get_one():
    with pytest.raises(GenModelsError, match="genmodels train synthesis") as error:
        synthesis.bench(BenchOptions())
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE
