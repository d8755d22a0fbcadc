import numpy as np
import pytest
import torch

from genmodels_ros.evaluation.augmenter import watermark as bench
from genmodels_ros.evaluation.augmenter.watermark_false_alarms import CHANCES, false_alarms
from genmodels_ros.evaluation.augmenter.watermark_images import JOURNEYS, difficult_images
from genmodels_ros.evaluation.statistics import rate_bound
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter


def pictures(count=3):
    blocks = np.random.default_rng(0).integers(30, 220, (count, 8, 10, 3), dtype=np.uint8)
    return list(blocks.repeat(16, axis=1).repeat(16, axis=2))


def rows(table):
    return {row[table.columns[0]]: row for row in table.as_dict()["rows"]}


def test_marked_pictures_are_found_and_unmarked_ones_are_not():
    row = rows(bench.found_after_jpeg({"blocks": pictures()}))["blocks"]
    assert row["found after JPEG 75"] == "100.0%" and row["images"] == 3
    assert row["least PSNR [dB]"] >= 42 and row["found in unmarked ones or by another key"] == 0


def test_every_journey_is_a_row_and_size_decides():
    table = rows(bench.robustness({"blocks": pictures(2)}))
    assert table.keys() == JOURNEYS.keys()
    assert table["JPEG 50"]["blocks"] == table["half size"]["blocks"] == "100.0%"
    assert table["0.8 of its size"]["blocks"] == "0.0%"  # the honest row: what is not found
    sizes = rows(bench.small_images({"blocks": pictures(4)}))
    assert float(sizes["128x96"]["blocks"][:-1]) >= float(sizes["32x32"]["blocks"][:-1])


def test_false_alarms_are_as_often_as_stated():
    table = false_alarms({"difficult images": difficult_images(0)[::9]}, pairs=300, seed=0)
    place, every = table.as_dict()["rows"]
    for row in (place, every):
        assert float(row["stated 1e-02"].split()[0]) == pytest.approx(1e-2, abs=0.008)
        assert row["stated 1e-07"].endswith("(0)")
    assert place["pairs"] >= 30_000 and every["pairs"] >= 300 and CHANCES[-1] <= 1e-6


def test_the_time_is_compared_with_a_variants():
    torch.manual_seed(0)
    config = {"styles": ["night"], "width": 16}
    card = Card("image_translation_gan", config)
    augmenter = ImageAugmenter(ImageTranslationGAN.from_config(config), card, device="cpu", mark=False)
    for row in bench.share_of_frame_time(augmenter, pictures(1)[0], repeats=2).as_dict()["rows"]:
        assert 0 < row["mark ms"] and row["share of processor time"].endswith("%")


def test_the_bound_of_a_rare_event():
    assert rate_bound(0, 1000) == pytest.approx(3 / 1000, rel=0.01)  # the rule of three
    assert rate_bound(1, 10**6) == pytest.approx(4.744e-6, rel=1e-3)  # a table of Poisson limits
    assert rate_bound(10, 10**6) == pytest.approx(16.96e-6, rel=1e-3)
    assert rate_bound(0, 1) == 1.0
