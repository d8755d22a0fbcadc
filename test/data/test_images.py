import json

import numpy as np
import pytest

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import ErrorCode, GenModelsError


def image(seed=0, height=6, width=8):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two good images, a damaged one, and a file that is none."""
    images = tmp_path / "images"
    images.mkdir()
    (images / "a.png").write_bytes(encode_png(image(1)))
    (images / "b.PNG").write_bytes(encode_png(image(2)))
    (images / "c.jpg").write_bytes(b"\xff\xd8 not a jpeg")
    (images / "notes.txt").write_text("hello")
    return images


def code_of(call, *arguments):
    with pytest.raises(GenModelsError) as raised:
        call(*arguments)
    return raised.value.code


def test_every_image_comes_once_and_the_damaged_one_with_its_reason(folder):
    source = open_images(folder)
    items = {item.name: item for item in source.images()}
    assert source.count == len(items) == 3
    assert np.array_equal(items["a"].image, image(1)) and np.array_equal(items["b"].image, image(2))
    assert items["c"].image is None and "jpeg" in items["c"].problem


def test_names_stay_apart_when_two_files_share_a_stem(folder):
    (folder / "a.jpg").write_bytes(encode_png(image(3)))
    names = [item.name for item in open_images(folder).images()]
    assert len(set(names)) == 4 and "a_jpg" in names and "a_png" in names


def test_labels_come_with_their_image_and_misfits_are_named(folder, tmp_path):
    labels = tmp_path / "labels"
    labels.mkdir()
    values = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000
    (labels / "a.png").write_bytes(encode_png(values))
    (labels / "b.png").write_bytes(encode_png(np.zeros((3, 8), np.uint8)))
    items = {item.name: item for item in open_images(folder, labels).images()}
    assert np.array_equal(items["a"].labels, values)
    assert items["b"].image is None and "8x3" in items["b"].problem
    (labels / "b.png").unlink()
    assert "missing" in next(item for item in open_images(folder, labels).images() if item.name == "b").problem


def test_sources_without_images_are_refused(folder, tmp_path):
    assert code_of(open_images, tmp_path / "nowhere") == ErrorCode.INVALID_IMAGE
    empty = tmp_path / "empty"
    empty.mkdir()
    assert code_of(open_images, empty) == ErrorCode.INVALID_IMAGE
    assert code_of(open_images, folder, tmp_path / "nowhere") == ErrorCode.LABEL_MISMATCH


def test_other_files_beside_the_images_do_not_confuse(folder):
    (folder / "camera.yaml").write_text("%YAML:1.0\n---\nmatrix: !!opencv-matrix\n   rows: 3\n")
    (folder / "a.json").write_text("{}")
    assert open_images(folder).format == "folder"
    with pytest.raises(GenModelsError, match="COCO"):
        open_images(folder, format="coco")
    with pytest.raises(GenModelsError, match="known: folder"):
        open_images(folder, format="kitti")


def test_a_tub_is_a_source_of_images_with_stamps(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0_cam_image_array_.jpg").write_bytes(encode_png(image(1)))
    record = {"cam/image_array": "0_cam_image_array_.jpg", "_timestamp_ms": 2500, "_index": 0, "user/angle": 0.0}
    missing = {**record, "cam/image_array": "1_cam_image_array_.jpg", "_index": 1}
    (tmp_path / "catalog_0.catalog").write_text(json.dumps(record) + "\n" + json.dumps(missing) + "\n")
    items = list(open_images(tmp_path).images())
    assert items[0].stamp == 2.5 and items[0].image.shape == (6, 8, 3)
    assert items[1].image is None and "1 images fewer" in items[1].problem
