import numpy as np
import pytest
import torch

from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter

STYLES = ("night", "fog")


def augmenter(**config):
    """A translator of two styles that paints plainly, without noise."""
    torch.manual_seed(0)
    model = ImageTranslationGAN(STYLES, width=16, network="translator", style_encoder_width=8, **config)
    torch.nn.init.normal_(model.generator.texture.exit.weight, std=0.1)
    with torch.no_grad():
        model.generator.light.to_noise.bias.fill_(-30)
        model.generator.light.to_grid.weight.add_(0.05 * torch.randn_like(model.generator.light.to_grid.weight))
    return ImageAugmenter(model, Card("image_translation_gan", {}), device="cpu", mark=False)


def picture(height=60, width=80, seed=0):
    coarse = np.random.default_rng(seed).integers(40, 220, (height // 10 + 1, width // 10 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((10, 10, 1), np.uint8))[:height, :width])


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (61, 83), (96, 128)])
def test_a_student_repaints_pictures_of_any_size_and_the_same_seed_paints_the_same(shape):
    image, student = picture(*shape), augmenter()
    first, second, other = (student.augment(image, style="fog", seed=seed).image for seed in (1, 1, 2))
    assert first.shape == image.shape and np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_repainted_picture_done_in_bands_is_the_same_picture(monkeypatch):
    image, student = picture(250, 40), augmenter()
    whole = student.augment(image, style="fog", seed=1).image.astype(int)
    monkeypatch.setattr("genmodels_ros.pipelines.camera.image_translation.BAND", 50 * 40)
    bands = student.augment(image, style="fog", seed=1).image.astype(int)
    assert np.abs(whole - bands).max() <= 1  # rounding


def test_labels_steer_a_model_that_was_trained_with_them():
    image, labels = picture(), np.zeros((60, 80), np.uint16)
    labels[:30] = 300
    steered, blind = augmenter(label_values=(0, 300)), augmenter()
    for model, changes in ((steered, True), (blind, False)):
        plain, given = (model.augment(image, style="fog", seed=1, labels=one).image for one in (None, labels))
        assert np.array_equal(plain, given) != changes


def test_a_reference_gives_style_and_light():
    image, model = picture(), augmenter()
    reference = picture(90, 120, seed=3) // 4
    code = model.encode(reference)
    with_it, with_code = (model.augment(image, reference=one, seed=5) for one in (reference, code))
    assert with_it.style == STYLES[code.style] and np.array_equal(with_it.image, with_code.image)
    named = model.augment(image, reference=reference, style="night", seed=5)
    assert named.style == "night"
    other = model.augment(image, reference=255 - reference, style="night", seed=5)
    assert not np.array_equal(named.image, other.image)
