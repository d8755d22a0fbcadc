import time

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.image_translation import MAX_PIXELS
from genmodels_ros.pipelines.camera.watermark import detect, embed

STYLES = ("night", "fog")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A small generator with weights that change an image visibly: no trained weights are needed for the laws."""
    torch.manual_seed(0)
    config = {"styles": list(STYLES), "width": 16}
    model = ImageTranslationGAN.from_config(config)
    with torch.no_grad():
        for layer in (model.generator.to_grid, model.generator.to_noise):
            layer.weight.add_(torch.randn_like(layer.weight) * 0.2)
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(folder, model, Card("image_translation_gan", config))
    return folder


@pytest.fixture(scope="module")
def augmenter(checkpoint):
    return ImageAugmenter.from_checkpoint(checkpoint, device="cpu")


def picture(height=60, width=80, seed=0):
    """Blocks of colour: something with edges."""
    coarse = np.random.default_rng(seed).integers(40, 220, (height // 10 + 1, width // 10 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((10, 10, 1), np.uint8))[:height, :width])


def code_of(call, *arguments, **options):
    with pytest.raises(GenModelsError) as raised:
        call(*arguments, **options)
    return raised.value.code


def test_the_same_arguments_give_the_same_image_and_the_source_is_left_alone(augmenter):
    image = picture()
    before = image.copy()
    first, second = (augmenter.augment(image, style="random", seed=5) for _ in range(2))
    assert np.array_equal(first.image, second.image) and first.style == second.style
    assert np.array_equal(image, before)


def test_the_answer_does_not_depend_on_other_random_numbers_in_the_process(augmenter):
    first = augmenter.augment(picture(), seed=5).image
    torch.manual_seed(99)
    torch.rand(3)
    assert np.array_equal(augmenter.augment(picture(), seed=5).image, first)


def test_seeds_and_styles_change_the_image(augmenter):
    image = picture()
    one, other_seed = (augmenter.augment(image, style="fog", seed=s).image.astype(int) for s in (1, 2))
    other_style = augmenter.augment(image, style="night", seed=1).image.astype(int)
    assert np.abs(one - other_seed).mean() > 1
    assert np.abs(one - other_style).mean() > 1


def test_random_takes_every_style_and_says_which(augmenter):
    image = picture(10, 10)
    variants = [augmenter.augment(image, seed=seed) for seed in range(12)]
    assert {variant.style for variant in variants} == set(STYLES)
    named = augmenter.augment(image, style=variants[3].style, seed=3)
    assert np.array_equal(named.image, variants[3].image)


def test_strength_leads_from_the_source_to_the_style(augmenter, checkpoint):
    image = picture().astype(int)
    distances = [
        np.abs(augmenter.augment(picture(), style="fog", strength=s, seed=1).image - image).mean()
        for s in (1e-6, 0.3, 1.0)
    ]
    assert distances[0] < 2 and distances[0] < distances[1] < distances[2]  # 2: the mark alone
    unmarked = ImageAugmenter.from_checkpoint(checkpoint, device="cpu", mark=False)
    assert np.array_equal(unmarked.augment(picture(), style="fog", strength=1e-6, seed=1).image, image)


@pytest.mark.parametrize("strength", [0, -0.1, 1.01, float("nan")])
def test_a_strength_outside_its_range_is_refused(augmenter, strength):
    assert code_of(augmenter.augment, picture(), strength=strength) == ErrorCode.INVALID_SCALING


def test_unknown_styles_are_answered_with_the_known_ones(augmenter):
    with pytest.raises(GenModelsError, match=r"'snow'.*night, fog, random") as raised:
        augmenter.augment(picture(), style="snow")
    assert raised.value.code == ErrorCode.UNKNOWN_STYLE


def test_a_variant_can_be_made_again_from_what_it_says(augmenter):
    image = picture()
    variants = augmenter.variants(image, 3, seed=8)
    assert len({variant.seed for variant in variants}) == 3
    for variant in variants:
        again = augmenter.augment(image, style=variant.style, strength=variant.strength, seed=variant.seed)
        assert np.array_equal(again.image, variant.image)
    assert code_of(augmenter.variants, image, 0) == ErrorCode.INVALID_COUNT


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (7, 3, 3), (48, 64), (48, 64, 1)])
def test_unusual_sizes_and_grey_images_work(augmenter, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert augmenter.augment(image).image.shape == (*shape[:2], 3)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_saturated_images_get_a_verdict(augmenter, level):
    variant = augmenter.augment(np.full((30, 40, 3), level, np.uint8))
    assert variant.accepted or variant.rejection_reason
    if level == 0:
        assert not variant.accepted and "black" in variant.rejection_reason


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros(5, np.uint8),
        np.broadcast_to(np.uint8(0), (4097, MAX_PIXELS // 4096, 3)),
    ],
    ids=["empty", "rgba", "float", "flat", "huge"],
)
def test_what_is_no_image_is_refused(augmenter, image):
    assert code_of(augmenter.augment, image) == ErrorCode.INVALID_IMAGE


def test_twelve_megapixels_are_handled_and_agree_with_the_small_picture(augmenter):
    small = picture(300, 400)
    large = np.repeat(np.repeat(small, 10, axis=0), 10, axis=1)
    assert large.shape == (3000, 4000, 3)
    one, other = (augmenter.augment(image, style="night", seed=1).image for image in (small, large))
    assert abs(one.mean(axis=(0, 1)) - other.mean(axis=(0, 1))).max() < 3


def test_a_picture_done_in_bands_is_the_same_picture(augmenter, monkeypatch):
    whole = augmenter.augment(picture(), style="night", seed=1).image.astype(int)
    monkeypatch.setattr("genmodels_ros.pipelines.camera.image_translation.BAND", 7 * 80)
    bands = augmenter.augment(picture(), style="night", seed=1).image.astype(int)
    cells = (whole - bands).reshape(6, 10, 8, 10, 3).mean(axis=(1, 3))  # the noise is drawn anew
    assert np.abs(cells).max() < 1


def test_a_camera_frame_takes_less_than_a_frame_time(augmenter):
    image = picture(240, 320)
    augmenter.augment(image)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        augmenter.augment(image)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1  # the demo's camera runs at 10 Hz


def test_provenance_names_the_weights(augmenter, checkpoint):
    note = augmenter.provenance(augmenter.augment(picture(), style="fog", strength=0.5, seed=3))
    assert note["checkpoint_sha256"] == augmenter.card.sha256 and len(note["checkpoint_sha256"]) == 64
    assert (note["style"], note["strength"], note["seed"]) == ("fog", 0.5, 3)
    assert note["digital_source_type"].startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")


def test_every_variant_carries_the_mark_unless_told_not_to(augmenter, checkpoint):
    unmarked = ImageAugmenter.from_checkpoint(checkpoint, device="cpu", mark=False)
    image = picture(120, 160)
    for style in STYLES:
        with_mark, without = (one.augment(image, style=style, seed=2) for one in (augmenter, unmarked))
        assert detect(with_mark.image).is_synthetic and not detect(without.image).is_synthetic
        assert np.array_equal(embed(without.image), with_mark.image)
    assert augmenter.provenance(with_mark)["mark_key"] and not unmarked.provenance(without)["mark_key"]


def test_a_missing_checkpoint_is_named(tmp_path):
    assert code_of(ImageAugmenter.from_checkpoint, tmp_path / "none") == ErrorCode.MODEL_UNAVAILABLE


def test_reduced_precision_looks_the_same(checkpoint, augmenter):
    half = ImageAugmenter.from_checkpoint(checkpoint, device="cpu", precision="bfloat16")
    one, other = (a.augment(picture(), style="fog", seed=1).image.astype(int) for a in (augmenter, half))
    assert np.abs(one - other).max() <= 6


def test_a_model_without_an_encoder_refuses_a_reference(augmenter):
    assert code_of(augmenter.augment, picture(), reference=picture(seed=1)) == ErrorCode.UNKNOWN_STYLE


@pytest.mark.parametrize("labels", [np.zeros((60, 80), np.float32), np.zeros((80, 60), np.uint8)])
def test_labels_of_another_shape_or_kind_are_refused(augmenter, labels):
    assert code_of(augmenter.augment, picture(), labels=labels) == ErrorCode.LABEL_MISMATCH


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
def test_labels_of_every_kind_are_taken_and_variants_pass_them_on(augmenter, kind):
    labels = np.arange(60 * 80).reshape(60, 80).astype(kind)
    variants = augmenter.variants(picture(), 2, style="fog", seed=1, labels=labels)
    assert len(variants) == 2
