import numpy as np
import pytest

from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.augmenter.reference import colour_distance, tables
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter


@pytest.fixture
def frames():
    rng = np.random.default_rng(0)
    rgb = np.kron(rng.integers(0, 256, (4, 3, 4, 3)), np.ones((1, 16, 16, 1))).astype(np.uint8)
    return LabelledFrames(rgb, np.zeros((4, 48, 64), np.uint8), np.full((4, 48, 64), 3, np.float32))


def augmenter(**config):
    model = ImageTranslationGAN(("fog", "night"), width=16, **config)
    return ImageAugmenter(model, Card("image_translation_gan", {}), device="cpu", mark=False)


def test_a_model_that_reads_references_has_a_row_a_style_and_another_none(frames):
    (table,) = tables(augmenter(style_encoder_width=8), frames, 0)
    assert [row[0] for row in table.rows] == ["fog", "night"]
    assert all(0 < value < 255 for row in table.rows for value in row[1:4])
    assert tables(augmenter(), frames, 0) == []


def test_the_distance_sees_light_and_no_noise():
    image = np.full((48, 64, 3), 100, np.uint8)
    noisy = (image + np.random.default_rng(0).normal(0, 10, image.shape)).astype(np.uint8)
    assert colour_distance(image, image) == 0 and colour_distance(image, image // 2) == 50
    assert colour_distance(image, noisy) < 2
