import json

import cv2
import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer
from genmodels_ros.pipelines.camera.synthesize_folder import synthesize_folder
from genmodels_ros.pipelines.camera.watermark import detect


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A generator of noise, with the masks' values 2, 5 and 300."""
    folder = tmp_path_factory.mktemp("synthesis")
    torch.manual_seed(0)
    config = {"height": 64, "width": 80, "labels": [2, 5, 300], "latent": 8, "channels": [16, 16, 16]}
    save_checkpoint(folder, ImageSynthesisGAN.from_config(config), Card("image_synthesis_gan", config))
    return folder


@pytest.fixture(scope="module")
def synthesizer(checkpoint):
    return ImageSynthesizer.from_checkpoint(checkpoint, device="cpu")


def test_a_picture_is_made_again_by_its_own_seed(synthesizer):
    pictures = synthesizer.sample(3, seed=4)
    again = synthesizer.image(pictures[2].seed)
    assert np.array_equal(again.image, pictures[2].image) and np.array_equal(again.labels, pictures[2].labels)
    assert not np.array_equal(pictures[0].image, pictures[1].image)
    assert {p.seed for p in pictures}.isdisjoint(p.seed for p in synthesizer.sample(3, seed=5))


def test_pictures_are_images_with_labels_of_the_training_masks(synthesizer):
    (picture,) = synthesizer.sample(1)
    assert picture.image.shape == (64, 80, 3) and picture.image.dtype == np.uint8
    assert picture.labels.shape == (64, 80) and set(np.unique(picture.labels)) <= {2, 5, 300}


def test_the_mark_changes_little_and_can_be_left_out(checkpoint, synthesizer):
    plain = ImageSynthesizer.from_checkpoint(checkpoint, device="cpu", mark=False)
    seed = synthesizer.sample(1)[0].seed
    marked, unmarked = synthesizer.image(seed), plain.image(seed)
    difference = np.abs(marked.image.astype(int) - unmarked.image)
    assert detect(marked.image).is_synthetic and not detect(unmarked.image).is_synthetic
    assert 0 < difference.mean() < 4 and np.array_equal(marked.labels, unmarked.labels)
    assert synthesizer.provenance(marked)["mark_key"] and not plain.provenance(unmarked)["mark_key"]


def test_provenance_says_made_and_not_changed(synthesizer):
    facts = synthesizer.provenance(synthesizer.sample(1)[0])
    assert facts["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert facts["checkpoint_sha256"] == synthesizer.card.sha256


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda s: s.sample(0), ErrorCode.INVALID_COUNT),
        (lambda s: s.sample(1, truncation=1.5), ErrorCode.INVALID_SCALING),
        (lambda s: s.image(0, truncation=float("nan")), ErrorCode.INVALID_SCALING),
    ],
)
def test_bad_requests_are_refused(synthesizer, call, code):
    with pytest.raises(GenModelsError) as error:
        call(synthesizer)
    assert error.value.code == code


def test_truncation_gives_less_variety(synthesizer):
    def spread(truncation):
        return np.std([p.image.mean() for p in synthesizer.sample(12, truncation=truncation)])

    assert spread(0.1) < 0.5 * spread(1.0)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    with pytest.raises(GenModelsError) as error:
        ImageSynthesizer.from_checkpoint(tmp_path)
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE


def test_a_folder_holds_pictures_masks_and_sidecars(synthesizer, tmp_path):
    assert synthesize_folder(synthesizer, tmp_path, count=2, seed=1, truncation=0.7) == 2
    expected = synthesizer.sample(2, seed=1, truncation=0.7)
    for number, picture in enumerate(expected):
        name = f"synthetic_{number:06d}"
        stored = cv2.imread(str(tmp_path / f"{name}.png"))[..., ::-1]
        labels = cv2.imread(str(tmp_path / "labels" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(stored, picture.image) and np.array_equal(labels, picture.labels)
        sidecar = json.loads((tmp_path / f"{name}.json").read_text())
        assert sidecar["seed"] == picture.seed and sidecar["truncation"] == 0.7
