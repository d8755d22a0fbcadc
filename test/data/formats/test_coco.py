"""COCO in and out; what is written is loaded back with pycocotools."""

import json

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import ErrorCode, GenModelsError


def loaded(out, split="instances_train2026"):
    return COCO(str(out / "annotations" / f"{split}.json"))


def test_boxes_polygons_and_masks_go_over_unchanged_with_new_ids(coco, copy_dataset, picture, darker, tmp_path):
    _, problems = copy_dataset(open_images(coco.folder), "same", tmp_path / "out", variants=2)
    read = loaded(tmp_path / "out")
    assert not problems and len(read.imgs) == 6 and len(read.anns) == 6
    assert read.dataset["categories"] == coco.data["categories"] and read.dataset["info"] == {"year": 2026}
    by_source = {70: [], 71: []}
    for image_id, image in read.imgs.items():
        pixels = cv2.imread(str(tmp_path / "out" / "images" / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3) and image["license"] == 4
        annotations = read.loadAnns(read.getAnnIds([image_id]))
        seed = {"a": 0, "b": 1, "e": 2}[image["file_name"].split("/")[1][0]]
        assert np.array_equal(pixels[..., ::-1], darker(picture(seed)))
        if seed < 2:
            by_source[70 + seed].append(annotations)
        else:
            assert annotations == []
    for source_id, variants in by_source.items():
        expected = [item for item in coco.data["annotations"] if item["image_id"] == source_id]
        assert len(variants) == 2
        for annotations in variants:
            for written, original in zip(annotations, expected, strict=True):
                changed = {key for key in original if written[key] != original[key]}
                assert changed <= {"id", "image_id"} and written.keys() == original.keys()
    assert sorted(read.anns) == list(range(1, 7))


def test_masks_of_both_kinds_cover_the_pixels_they_covered(coco, copy_dataset, tmp_path):
    copy_dataset(open_images(coco.folder), "coco", tmp_path / "out", variants=1)
    before, after = COCO(str(next((coco.folder / "annotations").iterdir()))), loaded(tmp_path / "out")
    areas = [sorted(int(one.annToMask(item).sum()) for item in one.anns.values()) for one in (before, after)]
    assert areas[0] == areas[1] and areas[0][0] > 0


def test_a_rejected_image_leaves_its_sidecar_and_no_trace_in_the_json(coco, copy_dataset, tmp_path):
    copy_dataset(open_images(coco.folder), "coco", tmp_path / "out", variants=1, reject=["a"])
    assert len(loaded(tmp_path / "out").imgs) == 2
    sidecar = tmp_path / "out" / "sidecars" / "instances_train2026" / "a_00_dark.json"
    assert json.loads(sidecar.read_text())["accepted"] is False


def test_splits_stay_apart(coco, copy_dataset, tmp_path):
    (coco.folder / "annotations" / "instances_val2026.json").write_text(json.dumps({**coco.data, "annotations": []}))
    copy_dataset(open_images(coco.folder), "coco", tmp_path / "out", variants=1)
    assert len(loaded(tmp_path / "out").anns) == 3 and not loaded(tmp_path / "out", "instances_val2026").anns
    assert len(loaded(tmp_path / "out", "instances_val2026").imgs) == 3


def test_annotations_that_cannot_be_used_are_counted(coco):
    annotations = coco.data["annotations"]
    homeless = {**annotations[0], "image_id": 5}
    unknown = [{**annotations[0], "category_id": 99}] * 2
    no_box = {"image_id": 70, "category_id": 3, "caption": "a car"}
    coco.save(annotations=[*annotations, homeless, *unknown, no_box])
    source = open_images(coco.folder)
    assert sum(len(item.instances) for item in source.images()) == 3
    notes = " ".join(source.notes())
    assert "1 annotations of images that the file does not list" in notes
    assert "2 annotations of unknown categories" in notes and "1 annotations without a box" in notes


@pytest.mark.parametrize("name", ["../../etc/passwd.png", "/etc/passwd.png", "C:\\x.png", "..\\a.png", "a/../../b.png"])
def test_names_that_lead_out_of_the_dataset_are_refused(coco, picture, name):
    (coco.folder.parent / "b.png").write_bytes(encode_png(picture()))
    coco.save(images=[{**coco.data["images"][0], "file_name": name}, coco.data["images"][1]])
    first, second = open_images(coco.folder).images()
    assert first.image is None and "leads out" in first.problem and second.image is not None


def test_missing_and_misfitting_images_come_with_their_reason(coco):
    images = coco.data["images"]
    coco.save(images=[{**images[0], "height": 13}, {**images[1], "file_name": "gone.png"}, images[2]])
    first, second, third = open_images(coco.folder).images()
    assert "16x13" in first.problem and "16x12" in first.problem
    assert "gone.png is missing" in second.problem and third.image is not None


def test_images_that_share_an_id_are_said(coco):
    coco.save(images=[*coco.data["images"], {**coco.data["images"][0], "file_name": "b.png"}])
    assert "1 images share an id" in " ".join(open_images(coco.folder).notes())


def test_a_malformed_mask_costs_its_image_only(coco):
    coco.save(annotations=[{**coco.data["annotations"][0], "segmentation": [1, 2, 3]}])
    first, second, _ = open_images(coco.folder).images()
    assert first.image is None and first.problem and second.image is not None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"images": 3}', '{"images": [], "annotations": [], "categories": []}']
)
def test_files_that_are_no_coco_are_refused(coco, content):
    (coco.folder / "annotations" / "instances_train2026.json").write_text(content)
    with pytest.raises(GenModelsError) as raised:
        open_images(coco.folder)
    assert raised.value.code == ErrorCode.INVALID_IMAGE


def test_captions_beside_the_instances_are_left_out_and_said(coco):
    captions = {**coco.data, "annotations": [{"image_id": 70, "caption": "a car"}], "categories": []}
    (coco.folder / "annotations" / "captions_train2026.json").write_text(json.dumps(captions))
    source = open_images(coco.folder)
    assert source.count == 3 and "captions_train2026.json left out" in " ".join(source.notes())


def test_images_of_one_stem_get_names_of_their_own(coco, picture):
    (coco.folder / "images" / "sub").mkdir()
    for name in ("a.jpg", "sub/a.png"):
        (coco.folder / "images" / name).write_bytes(encode_png(picture(5)))
    extra = [{"id": 90, "file_name": "a.jpg"}, {"id": 91, "file_name": "sub/a.png"}]
    coco.save(images=[*coco.data["images"], *extra])
    names = [item.name for item in open_images(coco.folder).images()]
    assert len(set(names)) == 5 and {"a_png", "a_jpg", "sub_a"} <= set(names)


def test_yolo_becomes_coco(yolo, copy_dataset, tmp_path):
    copy_dataset(open_images(yolo.folder), "coco", tmp_path / "out", variants=1)
    read = loaded(tmp_path / "out", "train")
    box, polygon = read.anns.values()
    assert box["bbox"] == pytest.approx([6, 3, 4, 6]) and box["category_id"] == 0
    assert polygon["segmentation"] == [pytest.approx([1.6, 1.2, 14.4, 1.2, 14.4, 9.6, 1.6, 9.6])]
    assert polygon["area"] == pytest.approx(12.8 * 8.4)
    assert [category["name"] for category in read.cats.values()] == ["cup", "box"]
