import hashlib
import json
import struct
import tarfile

import cv2
import numpy as np
import pytest
import torch

from genmodels_ros.data.image_codec import decode, encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.camera.augment_folder import augment_folder
from genmodels_ros.pipelines.camera.augment_request import ATTEMPTS
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter


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
    assert summary.skipped == summary.duplicates == 0
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


@pytest.mark.parametrize("out_format", ["coco", "yolo"])
def test_label_images_become_boxes_and_outlines(source, tmp_path, checkpoint, out_format):
    images, labels = source
    mask = np.zeros((48, 64), np.uint8)
    mask[8:20, 16:40] = 4
    for path in labels.iterdir():
        path.write_bytes(encode_png(mask))
    summary = run(
        images, tmp_path / "out", checkpoint, labels=labels, count=2, objects="4=person", out_format=out_format
    )
    again = open_images(tmp_path / "out")
    assert summary.written == 4 and [category.name for category in again.categories] == ["person"]
    for item in again.images():
        (instance,) = item.instances
        (polygon,) = instance.polygons
        assert instance.box == pytest.approx((16, 8, 24, 12), abs=0.3)
        assert (min(polygon[0::2]), max(polygon[1::2])) == pytest.approx((16, 20), abs=0.2)


def test_objects_need_labels(source, tmp_path, checkpoint):
    with pytest.raises(GenModelsError, match="no label image"):
        run(source[0], tmp_path / "out", checkpoint, objects="4=person")


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


def lines_of(out):
    return [json.loads(line) for line in (out / "summary.jsonl").read_text().splitlines()]


def test_duplicates_are_counted_and_said(source, tmp_path, checkpoint):
    images, _ = source
    (images / "again.png").write_bytes((images / "frame0.png").read_bytes())
    summary = run(images, tmp_path / "out", checkpoint, count=1)
    assert summary.duplicates == 1 and summary.written == 3 and "1 images are duplicates" in str(summary)
    assert lines_of(tmp_path / "out")[-1]["duplicates"] == 1


def test_nothing_is_written_over(source, tmp_path, checkpoint):
    images, out = source[0], tmp_path / "out"
    out.mkdir()
    (out / "precious.txt").write_text("mine")
    assert code_of(run, images, out, checkpoint) == ErrorCode.INVALID_IMAGE
    assert [path.name for path in out.iterdir()] == ["precious.txt"]


def test_what_was_skipped_and_rejected_is_in_the_summary(source, tmp_path, checkpoint):
    images, _ = source
    (images / "black.png").write_bytes(encode_png(np.zeros((48, 64, 3), np.uint8)))
    (images / "broken.jpg").write_bytes(b"\xff\xd8")
    (images / "other.webp").write_bytes(b"RIFF")
    (images / "huge.png").write_bytes(png_that_claims(40_000, 40_000))
    run(images, tmp_path / "out", checkpoint, count=2)
    *skipped, totals = lines_of(tmp_path / "out")
    assert {line["skipped"] for line in skipped} == {"broken", "huge"} and all(line["reason"] for line in skipped)
    assert (totals["images"], totals["written"], totals["rejected"], totals["skipped"]) == (3, 4, 2, 2)
    assert sum(totals["rejection_reasons"].values()) == 2 and "neither JPEG nor PNG" in totals["notes"][0]


def png_that_claims(width, height):
    content = bytearray(encode_png(np.zeros((2, 2, 3), np.uint8)))
    content[16:24] = struct.pack(">II", width, height)
    return bytes(content)


def test_images_of_every_depth_size_and_channel_count_are_augmented(tmp_path, checkpoint):
    images = tmp_path / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(30, 220, (6, 8, 4), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
    kinds = {
        "grey": blocks[..., 0],
        "rgba": blocks,
        "deep": blocks[..., :3].astype(np.uint16) * 257,
        "tiny": blocks[:1, :1],
    }
    for name, pixels in kinds.items():
        cv2.imwrite(str(images / f"{name}.png"), pixels)
    summary = run(images, tmp_path / "out", checkpoint, count=1)
    assert summary.written == 4 and not summary.problems
    for name, pixels in kinds.items():
        (written,) = (tmp_path / "out").glob(f"{name}_*.png")
        assert cv2.imread(str(written), cv2.IMREAD_UNCHANGED).shape == (*pixels.shape[:2], 3)


def test_the_sources_come_along_on_request(source, tmp_path, checkpoint):
    images, labels = source
    summary = run(images, tmp_path / "out", checkpoint, count=1, labels=labels, include_source=True)
    assert summary.written == 2
    note = sidecars(tmp_path / "out")["frame0_source"]
    assert note["synthetic"] is False and "digital_source_type" not in note
    original = decode((images / "frame0.png").read_bytes())
    assert np.array_equal(decode((tmp_path / "out" / note["image"]).read_bytes()), original)


@pytest.mark.parametrize("out_format", ["auto", "same", "bag", "coco", "yolo", "lerobot", "webdataset"])
def test_every_format_is_written_from_a_folder(source, tmp_path, checkpoint, out_format):
    images, labels = source
    out = tmp_path / "out"
    assert run(images, out, checkpoint, count=2, labels=labels, out_format=out_format).written == 4
    if out_format == "webdataset":
        with tarfile.open(out / "shard-000000.tar") as archive:
            assert len(archive.getnames()) == 12
    elif out_format == "lerobot":
        assert json.loads((out / "meta" / "info.json").read_text())["total_frames"] == 4
    else:
        back = open_images(out, topic="/variant_01/camera/image_raw" if out_format == "bag" else None)
        pictures = list(back.images())
        assert len(pictures) == (2 if out_format == "bag" else 4)
        assert all(item.image is not None and item.image.shape == (48, 64, 3) for item in pictures)


def test_a_break_leaves_a_dataset_that_can_be_read(source, tmp_path, checkpoint, monkeypatch):
    calls, augment = [], ImageAugmenter.augment

    def interrupted(self, *arguments, **options):
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return augment(self, *arguments, **options)

    monkeypatch.setattr(ImageAugmenter, "augment", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(source[0], tmp_path / "out", checkpoint, count=2, out_format="coco")
    assert sum(1 for _ in open_images(tmp_path / "out").images()) == 2


def test_a_reference_is_passed_on_and_named_in_the_sidecar(source, tmp_path, checkpoint, monkeypatch):
    seen, augment = [], ImageAugmenter.augment

    def recorded(self, image, *, reference, lighting_only, labels, **options):
        seen.append((reference, lighting_only, labels is not None))
        return augment(self, image, **options)

    monkeypatch.setattr(ImageAugmenter, "augment", recorded)
    monkeypatch.setattr(ImageAugmenter, "encode", lambda self, picture, style: ("code", picture.shape))
    images, labels = source
    reference = images / "frame1.png"
    options = {"count": 1, "labels": labels, "reference": reference, "lighting_only": True}
    run(images, tmp_path / "out", checkpoint, **options)
    assert seen == [(("code", (48, 64, 3)), True, True)] * 2
    for note in sidecars(tmp_path / "out").values():
        expected = hashlib.sha256(decode(reference.read_bytes()).tobytes()).hexdigest()
        assert note["lighting_only"] is True and note["reference_sha256"] == expected


def test_a_model_without_style_encoder_says_so_before_anything_is_written(source, tmp_path, checkpoint):
    images, out = source[0], tmp_path / "out"
    assert code_of(run, images, out, checkpoint, reference=images / "frame0.png") == ErrorCode.UNKNOWN_STYLE
    assert not out.exists()
