import json
from types import SimpleNamespace

import numpy as np
import pytest

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.images import create_writer
from genmodels_ros.data.labelled_images import Sample


def picture(seed=0, height=12, width=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def darker(image):
    """What stands for a variant: something else than the source, and known exactly."""
    return image // 2


def copy_dataset(source, format, out, *, variants=2, reject=()):
    """Writes `variants` of every image of `source`, none for the names in `reject`; returns (notes, problems)."""
    writer, problems = create_writer(format, out, source), []
    for item in source.images():
        if item.image is None:
            problems.append((item.name, item.problem))
            continue
        for number in range(variants):
            refused = item.name in reject
            sidecar = {"source": item.origin, "accepted": not refused, "style": "dark"}
            image = None if refused else darker(item.image)
            writer.add(Sample(f"{item.name}_{number:02d}_dark", f"{number:02d}", item, sidecar, image))
    return (*source.notes(), *writer.close()), problems


@pytest.fixture(name="picture")
def _picture():
    return picture


@pytest.fixture(name="darker")
def _darker():
    return darker


@pytest.fixture(name="copy_dataset")
def _copy_dataset():
    return copy_dataset


COCO_CATEGORIES = [{"id": 3, "name": "car", "supercategory": "vehicle"}, {"id": 17, "name": "cat"}]
COCO_ANNOTATIONS = [
    {"id": 901, "image_id": 70, "category_id": 3, "bbox": [1, 2, 5, 4], "area": 20.0, "iscrowd": 0,
     "segmentation": [[1, 2, 6, 2, 6, 6, 1, 6]]},
    {"id": 905, "image_id": 70, "category_id": 17, "bbox": [0, 0, 3, 3], "area": 5.5, "iscrowd": 0,
     "segmentation": [[0, 0, 3, 0, 3, 3], [1, 1, 2, 1, 2, 2]], "keypoints": [1, 1, 2], "num_keypoints": 1},
    {"id": 902, "image_id": 71, "category_id": 3, "bbox": [0, 0, 16, 2], "area": 32, "iscrowd": 1,
     "segmentation": {"size": [12, 16], "counts": [0, 2, 10] + [2, 10] * 15}},
]  # fmt: skip


@pytest.fixture
def coco(tmp_path):
    """A COCO dataset of three images; returns (folder, its JSON as it may be changed and saved again)."""
    folder = tmp_path / "coco"
    (folder / "annotations").mkdir(parents=True)
    (folder / "images").mkdir()
    names = ["a.png", "b.png", "empty.png"]
    for seed, name in enumerate(names):
        (folder / "images" / name).write_bytes(encode_png(picture(seed)))
    images = [{"id": 70 + i, "file_name": n, "width": 16, "height": 12, "license": 4} for i, n in enumerate(names)]
    annotations = [dict(annotation) for annotation in COCO_ANNOTATIONS]
    data = {"info": {"year": 2026}, "images": images, "annotations": annotations, "categories": COCO_CATEGORIES}

    def save(**changes):
        (folder / "annotations" / "instances_train2026.json").write_text(json.dumps({**data, **changes}))
        return folder

    save()
    return SimpleNamespace(folder=folder, data=data, save=save)


YOLO_LINES = {"train/a": "0 0.5 0.5 0.25 0.5\n1 0.1 0.1 0.9 0.1 0.9 0.8 0.1 0.8\n", "val/b": "1 0.25 0.25 0.5 0.5\n"}


@pytest.fixture
def yolo(tmp_path):
    """A YOLO dataset with boxes and a polygon, a background image and two splits."""
    folder = tmp_path / "yolo"
    for seed, name in enumerate(["train/a", "train/background", "val/b"]):
        for kind in ("images", "labels"):
            (folder / kind / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / f"{name}.png").write_bytes(encode_png(picture(seed)))
        if name in YOLO_LINES:
            (folder / "labels" / f"{name}.txt").write_text(YOLO_LINES[name])
    description = "path: ../elsewhere\ntrain: images/train\nval: ../images/val\nnc: 2\nnames: [cup, box]\n"
    (folder / "data.yaml").write_text(description)
    return SimpleNamespace(folder=folder, lines=YOLO_LINES)
