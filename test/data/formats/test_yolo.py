"""YOLO in and out; what is written is parsed by the rules of the format, apart from our reader."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import GenModelsError


def loaded(folder: Path) -> dict:
    """{split: {image name: (size, label lines)}} as YOLO's documentation says a trainer finds them."""
    description = yaml.safe_load((folder / "data.yaml").read_text())
    assert "path" not in description  # a trainer then looks from the file's own folder
    found = {}
    for split in ("train", "val", "test"):
        for image in sorted((folder / description[split]).iterdir()) if split in description else ():
            labels = Path(str(image).replace("/images/", "/labels/")).with_suffix(".txt")
            lines = [[float(word) for word in line.split()] for line in labels.read_text().splitlines()]
            for category, *values in lines:
                assert category in description["names"] and len(values) >= 4 and all(0 <= v <= 1 for v in values)
            found.setdefault(split, {})[image.stem] = (cv2.imread(str(image)).shape, labels.read_text())
    return found


def test_label_files_are_copied_in_step(yolo, copy_dataset, darker, picture, tmp_path):
    notes, problems = copy_dataset(open_images(yolo.folder), "same", tmp_path / "out", variants=2)
    read = loaded(tmp_path / "out")
    assert not notes and not problems
    assert {split: len(images) for split, images in read.items()} == {"train": 4, "val": 2}
    for number in ("00", "01"):
        assert read["train"][f"a_{number}_dark"] == ((12, 16, 3), yolo.lines["train/a"])
        assert read["train"][f"background_{number}_dark"][1] == ""
        assert read["val"][f"b_{number}_dark"][1] == yolo.lines["val/b"]
    pixels = cv2.imread(str(tmp_path / "out" / "images" / "val" / "b_01_dark.png"))
    assert np.array_equal(pixels[..., ::-1], darker(picture(2)))
    assert yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())["names"] == {0: "cup", 1: "box"}


def test_boxes_are_read_in_pixels(yolo):
    box, polygon = next(iter(open_images(yolo.folder).images())).instances
    assert box.box == pytest.approx((6, 3, 4, 6)) and not box.polygons
    assert polygon.box == pytest.approx((1.6, 1.2, 12.8, 8.4)) and len(polygon.polygons[0]) == 8


@pytest.mark.parametrize(
    "line, reason",
    [
        ("0 0.5 0.5 1.5 0.1", "out of range"),
        ("0 0.5 -0.1 0.1 0.1", "out of range"),
        ("0 nan 0.5 0.1 0.1", "out of range"),
        ("7 0.5 0.5 0.1 0.1", "class 7"),
        ("0.5 0.5 0.5 0.1 0.1", "needs a class"),
        ("inf 0.5 0.5 0.1 0.1", "needs a class"),
        ("0 0.5 0.5", "needs a class"),
        ("0 0.1 0.1 0.2 0.2 0.3", "needs a class"),
        ("cup 0.5 0.5 0.1 0.1", "not a line of numbers"),
    ],
)
def test_an_image_with_a_bad_label_is_left_out_with_its_reason(yolo, line, reason):
    (yolo.folder / "labels" / "train" / "a.txt").write_text(f"{line}\n")
    items = {item.name: item for item in open_images(yolo.folder).images()}
    assert items["a"].image is None and reason in items["a"].problem
    assert items["b"].image is not None


def test_a_dataset_without_description_is_recognised(yolo, copy_dataset, tmp_path):
    (yolo.folder / "data.yaml").unlink()
    source = open_images(yolo.folder)
    assert source.format == "yolo" and source.count == 3
    copy_dataset(source, "yolo", tmp_path / "out", variants=1)
    assert set(loaded(tmp_path / "out")) == {"train", "val"}


def test_paths_that_lead_out_of_the_dataset_are_refused(yolo):
    (yolo.folder / "data.yaml").write_text("train: /etc\nval: images/val\nnames: [cup]\n")
    with pytest.raises(GenModelsError, match="leads out"):
        open_images(yolo.folder)


def test_a_folder_for_training_and_validation_is_read_once(yolo):
    (yolo.folder / "data.yaml").write_text("train: images/train\nval: images/train\nnames: [cup, box]\n")
    assert [item.name for item in open_images(yolo.folder).images()] == ["a", "background"]


def test_masks_of_pixels_are_kept_beside_and_said(tmp_path, picture, copy_dataset):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(encode_png(picture()[..., 0] if name == "masks" else picture()))
    for format, folder in (("yolo", "masks"), ("coco", "labels")):
        source = open_images(tmp_path / "images", tmp_path / "masks")
        notes, _ = copy_dataset(source, format, tmp_path / format, variants=1)
        assert f"1 masks of pixels are in {folder}/" in notes[0]
        kept = cv2.imread(str(next((tmp_path / format / folder).iterdir())), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(kept, picture()[..., 0])


def test_unreadable_descriptions_are_refused(yolo):
    for text in ("names: 3\n", "names: {cup: x}\n", "names: [\n"):
        (yolo.folder / "data.yaml").write_text(text)
        with pytest.raises(GenModelsError):
            open_images(yolo.folder)


def test_an_image_lies_as_trainers_see_it_upright(yolo, picture):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # orientation 6: turn right
    jpeg = cv2.imencode(".jpg", picture(0, height=16, width=32))[1].tobytes()
    tagged = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    (yolo.folder / "images" / "val" / "b.png").unlink()
    (yolo.folder / "images" / "val" / "b.jpg").write_bytes(tagged)
    item = {item.name: item for item in open_images(yolo.folder).images()}["b"]
    assert item.image.shape == (32, 16, 3) and item.instances[0].box == pytest.approx((0, 0, 8, 16))


def test_coco_becomes_yolo_and_what_has_no_place_is_said(coco, copy_dataset, tmp_path):
    notes, _ = copy_dataset(open_images(coco.folder), "yolo", tmp_path / "out", variants=1)
    read = loaded(tmp_path / "out")["train"]
    lines = read["instances_train2026_a_00_dark"][1].splitlines()
    assert [float(v) for v in lines[0].split()] == pytest.approx([0, 3.5 / 16, 4 / 12, 5 / 16, 4 / 12], abs=1e-5)
    assert lines[1].startswith("1 ") and read["instances_train2026_b_00_dark"][1] == ""
    assert any("1 crowds" in note for note in notes) and any("1 images written with boxes" in note for note in notes)


def test_other_image_formats_are_said(yolo, picture):
    (yolo.folder / "images" / "train" / "c.webp").write_bytes(encode_png(picture()))
    assert "1 images that are neither JPEG nor PNG" in " ".join(open_images(yolo.folder).notes())
