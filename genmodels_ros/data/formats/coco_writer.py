"""COCO object detection, written: one JSON file a split, laid out so that pycocotools and trainers load it.

OUT/annotations/<split>.json
OUT/images/<split>/<name>.png     "file_name" is <split>/<name>.png, below images/
OUT/sidecars/<split>/<name>.json
OUT/labels/<name>.png             masks of pixels, where the source has some: COCO has no place for them

Boxes, polygons, run-length masks, key points and whatever else an annotation says go over unchanged; images and
annotations get new ids, from 1. Categories keep theirs.
"""

import json
from pathlib import Path

from genmodels_ros.data.formats.folder import write_labels, write_sidecar
from genmodels_ros.data.formats.json_list import JsonList
from genmodels_ros.data.labelled_images import ImageSource, Instance, Sample
from genmodels_ros.data.xmp import encode_synthetic_png

DEFAULT_SPLIT = "instances_train"
_KEPT_OF_AN_IMAGE = ("license", "date_captured")


class CocoWriter:
    """Keeps two growing lists a split on disk and joins them when closed."""

    def __init__(self, out: Path, source: ImageSource):
        self._out, self._source, self._masks = out, source, 0
        self._splits: dict[str, tuple[JsonList, JsonList]] = {}
        (out / "annotations").mkdir(parents=True)
        for split in source.header if source.format == "coco" else ():
            self._lists(split)  # so that a split without images is written, too

    def add(self, sample: Sample) -> None:
        split = sample.source.split or DEFAULT_SPLIT
        file_name, sidecar = f"{split}/{sample.name}.png", sample.sidecar
        if sample.image is not None:
            sidecar = {"image": f"images/{file_name}", **sidecar}
            if sample.source.labels is not None:
                self._masks += not sample.source.instances
                sidecar = {"labels": write_labels(self._out, sample.flat_name, sample.source.labels), **sidecar}
            path = self._out / "images" / file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_synthetic_png(sample.image, sample.sidecar))
            self._register(split, file_name, sample)
        write_sidecar(self._out / "sidecars" / split, sample.name, sidecar)

    def close(self) -> tuple[str, ...]:
        for split, (images, annotations) in self._splits.items():
            with (self._out / "annotations" / f"{split}.json").open("w") as document:
                document.write(json.dumps(self._header(split))[:-1] + ', "images": ')
                images.pour(document)
                document.write(', "annotations": ')
                annotations.pour(document)
                document.write("}\n")
        lost = f"{self._masks} masks of pixels are in labels/: COCO has no place for them, its annotations lack them"
        return (lost,) if self._masks else ()

    def _register(self, split: str, file_name: str, sample: Sample) -> None:
        images, annotations = self._lists(split)
        height, width = sample.image.shape[:2]
        native = sample.source.native if isinstance(sample.source.native, dict) else {}
        kept = {key: native[key] for key in _KEPT_OF_AN_IMAGE if key in native}
        image_id = images.count + 1
        images.append({**kept, "id": image_id, "file_name": file_name, "width": width, "height": height})
        for instance in sample.source.instances:
            record = instance.record if isinstance(instance.record, dict) else _record(instance)
            annotations.append({**record, "id": annotations.count + 1, "image_id": image_id})

    def _lists(self, split: str) -> tuple[JsonList, JsonList]:
        if split not in self._splits:
            parts = (self._out / "annotations" / f".{split}.{part}" for part in ("images", "annotations"))
            self._splits[split] = tuple(JsonList(part) for part in parts)
        return self._splits[split]

    def _header(self, split: str) -> dict:
        if self._source.format == "coco" and split in self._source.header:
            return self._source.header[split]
        categories = [{"id": category.id, "name": category.name} for category in self._source.categories]
        return {"info": {}, "licenses": [], "categories": categories}


def _record(instance: Instance) -> dict:
    """An annotation of an object that came from another format."""
    polygons = [list(polygon) for polygon in instance.polygons]
    area = sum(map(_area, polygons)) if polygons else instance.box[2] * instance.box[3]
    return {
        "category_id": instance.category,
        "bbox": list(instance.box),
        "segmentation": instance.rle or polygons,
        "area": area,
        "iscrowd": int(instance.crowd),
    }


def _area(polygon: list[float]) -> float:
    """The shoelace formula, px²."""
    x, y = polygon[0::2], polygon[1::2]
    return abs(sum(a * d - c * b for a, b, c, d in zip(x, y, x[1:] + x[:1], y[1:] + y[:1], strict=True))) / 2
