import json

import numpy as np
import pytest
import torch

from genmodels_ros.data.image_codec import decode, encode_png
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.augment_folder import ATTEMPTS, augment_folder
from genmodels_ros.pipelines.augmentation import ImageAugmenter


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    config = {"styles": ["night", "fog"], "width": 16}
    folder = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(folder, ImageTranslationGAN.from_config(config), Card("image_translation_gan", config))
    return folder


@pytest.fixture
def source(tmp_path):
    """Two pictures with masks and a black one."""
    images, labels = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    labels.mkdir()
    for number in range(2):
        rng = np.random.default_rng(number)
        blocks = np.kron(rng.integers(30, 220, (6, 8, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
        (images / f"frame{number}.png").write_bytes(encode_png(blocks))
        (labels / f"frame{number}.png").write_bytes(encode_png(rng.integers(0, 5, (48, 64), dtype=np.uint8)))
    return images, labels


def run(source, out, checkpoint, **options):
    return augment_folder(source, out, checkpoint=checkpoint, device="cpu", **options)


def sidecars(out):
    return {path.stem: json.loads(path.read_text()) for path in sorted(out.glob("*.json"))}


def test_each_image_gets_its_variants_labels_and_sidecars(source, tmp_path, checkpoint):
    images, labels = source
    summary = run(images, tmp_path / "out", checkpoint, count=3, labels=labels)
    assert (summary.images, summary.written, summary.rejected, summary.problems) == (2, 6, 0, ())
    notes = sidecars(tmp_path / "out")
    assert len(notes) == 6
    for note in notes.values():
        name = note["source"].split("/")[-1]
        assert decode((tmp_path / "out" / note["image"]).read_bytes()).shape == (48, 64, 3)
        assert np.array_equal(
            decode((tmp_path / "out" / note["labels"]).read_bytes(), as_labels=True),
            decode((labels / name).read_bytes(), as_labels=True),
        )
        assert note["accepted"] and not note["rejection_reason"] and 0 <= note["quality"]["edge_agreement"] <= 1
        assert len(note["checkpoint_sha256"]) == 64 and note["model"].startswith("image_translation_gan")


def test_a_sidecar_is_enough_to_make_its_image_again(source, tmp_path, checkpoint):
    run(source[0], tmp_path / "out", checkpoint, count=1)
    augmenter = ImageAugmenter.from_checkpoint(checkpoint, device="cpu")
    for note in sidecars(tmp_path / "out").values():
        with open(note["source"], "rb") as file:
            image = decode(file.read())
        again = augmenter.augment(image, style=note["style"], strength=note["strength"], seed=note["seed"])
        assert np.array_equal(again.image, decode((tmp_path / "out" / note["image"]).read_bytes()))


def test_other_files_in_the_folder_change_no_variant(source, tmp_path, checkpoint):
    images, _ = source
    run(images, tmp_path / "both", checkpoint, count=1)
    (images / "frame0.png").unlink()
    run(images, tmp_path / "one", checkpoint, count=1)
    both, one = sidecars(tmp_path / "both"), sidecars(tmp_path / "one")
    assert len(one) == 1 and one.items() <= both.items()


def test_corrupt_files_are_counted_and_named_and_the_rest_is_done(source, tmp_path, checkpoint):
    images, _ = source
    (images / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    summary = run(images, tmp_path / "out", checkpoint, count=1)
    assert summary.images == 2 and [name for name, _ in summary.problems] == ["broken"]
    assert "broken" in str(summary)


def test_a_rejected_image_leaves_its_reason(source, tmp_path, checkpoint):
    images, _ = source
    (images / "black.png").write_bytes(encode_png(np.zeros((48, 64, 3), np.uint8)))
    summary = run(images, tmp_path / "out", checkpoint, count=1)
    assert summary.rejected == 1
    note = next(note for name, note in sidecars(tmp_path / "out").items() if name.startswith("black"))
    assert not note["accepted"] and "black" in note["rejection_reason"] and note["attempts"] == ATTEMPTS
    assert "image" not in note and not list((tmp_path / "out").glob("black*.png"))


def code_of(call, *arguments, **options):
    with pytest.raises(GenModelsError) as raised:
        call(*arguments, **options)
    return raised.value.code


def test_bad_requests_are_refused_before_anything_is_written(source, tmp_path, checkpoint):
    images, out = source[0], tmp_path / "out"
    assert code_of(run, images, out, checkpoint, style="snow") == ErrorCode.UNKNOWN_STYLE
    assert code_of(run, images, out, checkpoint, count=0) == ErrorCode.INVALID_COUNT
    assert code_of(run, images, images, checkpoint) == ErrorCode.INVALID_IMAGE
    assert code_of(run, tmp_path / "nowhere", out, checkpoint) == ErrorCode.INVALID_IMAGE
    assert not out.exists()


def test_a_folder_of_damaged_images_only_is_an_error(tmp_path, checkpoint):
    images = tmp_path / "damaged"
    images.mkdir()
    (images / "a.jpg").write_bytes(b"")
    assert code_of(run, images, tmp_path / "out", checkpoint) == ErrorCode.INVALID_IMAGE
