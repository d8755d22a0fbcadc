import numpy as np
import pytest
import torch

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.evaluation import augmenter as bench
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.augmentation import ImageAugmenter


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
    return rgb, np.zeros(rgb.shape[:3], np.uint8), np.full(rgb.shape[:3], 2.0, np.float32)


def rows(table):
    return {row[table.columns[0]]: row for row in table.as_dict()["rows"]}


def test_an_augmenter_that_changes_nothing_is_as_far_from_the_target_as_the_source(augmenter, frames):
    for row in rows(bench.distance(augmenter, frames, seed=0)).values():
        assert row["KID augmented"] == pytest.approx(row["KID source"], rel=0.1)
        assert row["KID source"] > 3 * abs(row["KID real halves"])
        assert row["edges kept (F1)"] > 0.95 and row["spread of codes"] < 0.1 * row["spread of targets"]


def test_the_gate_is_measured_on_both_sides(augmenter, frames):
    table = rows(bench.gate(augmenter, frames, seed=0))
    assert table["night, by physics"]["should be refused"] == "no"
    assert float(table["almost black"]["refused"].rstrip("%")) > 90
    assert float(table["night, by physics"]["refused"].rstrip("%")) < 10


def test_speed_is_measured_at_the_promised_sizes(augmenter):
    table = rows(bench.speed(augmenter, repeats=2))
    assert list(table) == ["256x256", "320x240", "640x480"]
    assert all(0 < row["processor ms"] and row["median ms"] <= row["p95 ms"] for row in table.values())


def test_real_images_are_read_from_any_source(augmenter, frames, tmp_path):
    for number, image in enumerate(frames[0][:4]):
        (tmp_path / f"{number}.png").write_bytes(encode_png(image))
    table = bench.real_images(augmenter, [tmp_path], images_each=2, seed=0)
    assert [row["images"] for row in table.as_dict()["rows"]] == [2, 2]
