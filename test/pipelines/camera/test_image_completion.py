import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card
from genmodels_ros.models.gan.inpainter import ImageCompletionGAN
from genmodels_ros.pipelines.camera.image_completion import WORKING_SIDE, ImageCompleter, _reduced
from genmodels_ros.pipelines.camera.watermark import detect


def lively(mark=False):
    torch.manual_seed(0)
    model = ImageCompletionGAN(width=16)
    with torch.no_grad():
        model.generator.to_image.weight.mul_(100)
    return ImageCompleter(model, Card("image_completion_gan", {}, sha256="ab"), device="cpu", mark=mark)


@pytest.fixture(scope="module")
def completer():
    return lively()


def picture(height=96, width=128, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def box(shape, rows, columns):
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return mask


MASKS = {
    "in the middle": lambda h, w: box((h, w), slice(h // 3, h // 2), slice(w // 3, w // 2)),
    "one pixel": lambda h, w: box((h, w), h // 2, w // 2),
    "a corner": lambda h, w: box((h, w), slice(0, h // 3), slice(0, w // 3)),
    "all but a column": lambda h, w: box((h, w), slice(None), slice(1, None)),
    "all but a pixel": lambda h, w: ~box((h, w), 0, 0),
    "everywhere a little": lambda h, w: np.indices((h, w)).sum(axis=0) % 2 == 0,
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("size", [(96, 128), (37, 21), (2, 2), (1, 40), (3 * WORKING_SIDE, 2 * WORKING_SIDE + 1)])
def test_outside_the_mask_every_bit_is_kept_and_inside_nothing_shows_of_what_was_there(completer, name, size):
    image, mask = picture(*size), MASKS[name](*size)
    if not mask.any():  # too small an image for such a mask
        mask[0, 0] = True
    hidden = np.where(mask[..., None], 255 - image, image)
    first, second = (completer.complete(one, mask).image for one in (image, hidden))
    assert first.shape == image.shape and first.dtype == np.uint8
    assert np.array_equal(first[~mask], image[~mask])
    assert np.array_equal(first, second)


def test_a_large_window_is_reduced_by_what_is_known_alone():
    pixels, known = torch.full((1, 3, 448, 448), 0.4), torch.ones(1, 1, 448, 448)
    known[..., 101:300, 101:300] = 0
    small, known_small = _reduced(torch.where(known > 0, pixels, 0.9), known)
    assert small.shape[-2:] == (WORKING_SIDE, WORKING_SIDE)
    assert (small[(known_small > 0).expand_as(small)] - 0.4).abs().max() < 1e-5
    assert float(1 - known_small.mean()) == pytest.approx((199 / 448) ** 2, rel=0.05)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(completer):
    image, mask = picture(), MASKS["in the middle"](96, 128)
    one, again, other = (completer.complete(image, mask, seed=seed).image for seed in (3, 3, 4))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_a_mask_of_numbers_and_a_grey_image_are_taken_too(completer):
    image, mask = picture()[..., 0], MASKS["in the middle"](96, 128)
    as_bool, as_numbers = (completer.complete(image, m).image for m in (mask, mask.astype(np.uint8) * 255))
    assert as_bool.shape == (96, 128, 3) and np.array_equal(as_bool, as_numbers)


@pytest.mark.parametrize("level", (0, 255))
def test_black_and_white_images_stay_finite(completer, level):
    image = np.full((64, 64, 3), level, np.uint8)
    result = completer.complete(image, MASKS["in the middle"](64, 64)).image
    assert np.abs(result.astype(int) - level).max() < 200


@pytest.mark.parametrize(
    ("mask", "code", "sentence"),
    [
        (np.zeros((96, 128), bool), ErrorCode.INVALID_IMAGE, "empty"),
        (np.ones((96, 128), bool), ErrorCode.INVALID_IMAGE, "whole image"),
        (np.ones((96, 127), bool), ErrorCode.LABEL_MISMATCH, "127x96 pixels, the image 128x96"),
        (np.ones((96, 128, 1), bool), ErrorCode.LABEL_MISMATCH, "bool or uint8"),
        (np.ones((96, 128)), ErrorCode.LABEL_MISMATCH, "float64"),
    ],
)
def test_a_mask_that_cannot_be_is_refused(completer, mask, code, sentence):
    with pytest.raises(GenModelsError, match=sentence) as caught:
        completer.complete(picture(), mask)
    assert caught.value.code == code


def test_a_single_pixel_cannot_be_completed_from_nothing(completer):
    with pytest.raises(GenModelsError, match="whole image"):
        completer.complete(picture(1, 1), np.ones((1, 1), bool))


def test_an_image_that_is_none_is_refused(completer):
    with pytest.raises(GenModelsError) as caught:
        completer.complete(np.zeros((4, 4, 3)), np.zeros((4, 4), bool))
    assert caught.value.code == ErrorCode.INVALID_IMAGE


def test_the_whole_image_carries_the_mark_and_what_is_kept_is_kept_but_for_it():
    rng = np.random.default_rng(1)
    image = np.clip(rng.normal(120, 20, (240, 320, 3)), 0, 255).astype(np.uint8)
    mask = MASKS["in the middle"](240, 320)
    marked, plain = lively(mark=True).complete(image, mask), lively().complete(image, mask)
    assert detect(marked.image).is_synthetic and not detect(plain.image).is_synthetic
    assert np.abs(marked.image.astype(int) - plain.image)[~mask].mean() < 3


def test_the_provenance_names_model_seed_and_how_much_was_repainted(completer):
    mask = MASKS["in the middle"](96, 128)
    facts = completer.provenance(completer.complete(picture(), mask, seed=5))
    assert facts["seed"] == 5 and facts["repainted_pixels"] == mask.sum()
    assert facts["checkpoint_sha256"] == "ab" and facts["digital_source_type"].startswith("http")
