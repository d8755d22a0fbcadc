import numpy as np
import pytest
import torch

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.evaluation.augmenter import bench, distribution, speed
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter


@pytest.fixture(scope="module")
def augmenter():
    """Untrained: very nearly the identity, which makes the expected figures known."""
    torch.manual_seed(0)
    config = {"styles": ["night", "fog"], "width": 16}
    return ImageAugmenter(ImageTranslationGAN.from_config(config), Card("image_translation_gan", config), device="cpu")


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    blocks = rng.integers(30, 220, (16, 6, 8, 3), dtype=np.uint8)
    rgb = blocks.repeat(16, axis=1).repeat(16, axis=2)
    return LabelledFrames(rgb, np.zeros(rgb.shape[:3], np.uint8), np.full(rgb.shape[:3], 2.0, np.float32))


def rows(table):
    return {row[table.columns[0]]: row for row in table.as_dict()["rows"]}


def test_an_augmenter_that_changes_nothing_is_as_far_from_the_target_as_the_source(augmenter, frames):
    distance, quality = distribution.tables(augmenter, frames, seed=0)
    for row in rows(distance).values():
        assert row["augmented / source"] == pytest.approx(1, rel=0.1)
        assert row["KID source"] > 3 * abs(row["KID real halves"])
        assert row["edges kept (F1)"] > 0.95 and row["spread of codes"] < 0.1 * row["spread of targets"]
    for row in quality.as_dict()["rows"]:
        assert row["precision"] < 0.5 or row["pictures"] == "real"


def test_speed_is_measured_with_two_threads_and_with_one_and_leaves_them_as_found(augmenter, monkeypatch):
    monkeypatch.setattr(speed, "SIZES", ((24, 32),))
    threads = torch.get_num_threads()
    (table,) = speed.tables(augmenter, repeats=2)
    assert [row[1] for row in table.rows] == [2, 1] and torch.get_num_threads() == threads
    assert all(row[2] > 0 for row in table.rows) and "load" in table.notes[0].lower()


def test_real_images_are_read_from_any_source(augmenter, frames, tmp_path):
    for number, image in enumerate(frames.rgb[:4]):
        (tmp_path / f"{number}.png").write_bytes(encode_png(image))
    table = bench.real_images(augmenter, [tmp_path], images_each=2, seed=0)
    assert [row["images"] for row in table.as_dict()["rows"]] == [2, 2]
