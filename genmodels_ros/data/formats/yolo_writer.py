"""YOLO datasets, written.

OUT/images/<split>/<name>.png
OUT/labels/<split>/<name>.txt     the source's lines unchanged, where it is a YOLO dataset itself
OUT/sidecars/<split>/<name>.json
OUT/masks/<name>.png              masks of pixels, where the source has some: YOLO has no place for them
OUT/data.yaml
"""

from pathlib import Path

from genmodels_ros.data.formats.folder import write_sidecar
from genmodels_ros.data.formats.yolo import SPLITS
from genmodels_ros.data.image_codec import encode_labels
from genmodels_ros.data.labelled_images import ImageSource, Instance, Sample
from genmodels_ros.data.xmp import encode_synthetic_png

_OF_ANOTHER_PLACE = ("path", "download", "nc", "names", *SPLITS)


class YoloWriter:
    def __init__(self, out: Path, source: ImageSource):
        self._out, self._source = out, source
        ids = sorted(category.id for category in source.categories)
        numbered = source.format == "yolo" or ids == list(range(len(ids)))
        self._class = {id: id if numbered else number for number, id in enumerate(ids)}
        self._splits, self._highest, self._crowds, self._as_boxes, self._masks = set(), -1, 0, 0, 0

    def add(self, sample: Sample) -> None:
        split, sidecar = _split(sample.source.split), sample.sidecar
        name = sample.name if self._source.format == "yolo" else sample.flat_name
        if sample.image is not None:
            self._splits.add(split)
            sidecar = {"image": f"images/{split}/{name}.png", **sidecar}
            self._write(f"labels/{split}/{name}.txt", self._lines(sample).encode())
            if sample.source.labels is not None:
                self._masks += not sample.source.instances
                sidecar = {"labels": f"masks/{sample.flat_name}.png", **sidecar}
                self._write(sidecar["labels"], encode_labels(sample.source.labels))
            self._write(f"images/{split}/{name}.png", encode_synthetic_png(sample.image, sample.sidecar))
        write_sidecar(self._out / "sidecars" / split, name, sidecar)

    def close(self) -> tuple[str, ...]:
        import yaml

        kept = {key: value for key, value in self._source.header.items() if key not in _OF_ANOTHER_PLACE}
        kept = kept if self._source.format == "yolo" else {}
        names = {self._class[category.id]: category.name for category in self._source.categories}
        names = names or {number: f"class_{number}" for number in range(self._highest + 1)}
        folders = {split: f"images/{split}" for split in SPLITS if split in self._splits}
        # YOLO's trainers insist on both
        folders = {**{need: next(iter(folders.values()), "images/train") for need in ("train", "val")}, **folders}
        (self._out / "data.yaml").write_text(yaml.safe_dump({**folders, "names": dict(sorted(names.items())), **kept}))
        lost = (
            (self._crowds, "crowds left out, as YOLO knows none"),
            (
                self._masks,
                "masks of pixels are in masks/: YOLO has no place for them, its label files lack them",
            ),
            (self._as_boxes, "images written with boxes: a YOLO polygon has one outline and no run-length mask"),
        )
        return tuple(f"{count} {what}" for count, what in lost if count)

    def _write(self, name: str, content: bytes) -> None:
        (self._out / name).parent.mkdir(parents=True, exist_ok=True)
        (self._out / name).write_bytes(content)

    def _lines(self, sample: Sample) -> str:
        """All polygons, or all boxes: YOLO reads a file one way or the other."""
        single = [instance for instance in sample.source.instances if not instance.crowd]
        self._crowds += len(sample.source.instances) - len(single)
        self._highest = max([self._highest, *(instance.category for instance in single)])
        if self._source.format == "yolo":
            return "".join(f"{instance.record}\n" for instance in single)
        outlined = all(len(instance.polygons) == 1 for instance in single)
        self._as_boxes += not outlined and any(instance.polygons or instance.rle for instance in single)
        height, width = sample.image.shape[:2]
        return "".join(self._line(instance, width, height, outlined) for instance in single)

    def _line(self, instance: Instance, width: int, height: int, outlined: bool) -> str:
        left, top, w, h = instance.box
        x = instance.polygons[0][0::2] if outlined else (left, left + w)
        y = instance.polygons[0][1::2] if outlined else (top, top + h)
        x, y = ([min(max(v / size, 0.0), 1.0) for v in values] for values, size in ((x, width), (y, height)))
        if outlined:
            values = [value for corner in zip(x, y, strict=True) for value in corner]
        else:
            values = [(x[0] + x[1]) / 2, (y[0] + y[1]) / 2, x[1] - x[0], y[1] - y[0]]
        return " ".join([str(self._class[instance.category]), *(f"{value:.6g}" for value in values)]) + "\n"


def _split(name: str) -> str:
    """COCO's 'instances_val2017' is YOLO's 'val'; what says nothing is for training."""
    return next((split for split in ("val", "test") if split in name.lower()), "train")
