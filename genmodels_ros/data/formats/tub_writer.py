"""Donkey Car tubs (version 2 of the format), written: the driver's angle and throttle go with every image.

OUT/manifest.json, OUT/catalog_<n>.catalog, OUT/images/<index>_cam_image_array_.png, OUT/sidecars/<name>.json
The variants of a frame follow each other; what looks at several frames tells the drives apart by `_session_id`.
"""

import json
from pathlib import Path

from genmodels_ros.data.formats.folder import write_sidecar
from genmodels_ros.data.image_codec import invalid
from genmodels_ros.data.labelled_images import ImageSource, Sample
from genmodels_ros.data.xmp import encode_synthetic_png

RECORDS = 1000  # a catalog
_INPUTS = ["cam/image_array", "user/angle", "user/throttle", "user/mode"]
_TYPES = ["image_array", "float", "float", "str"]


class TubWriter:
    """Needs images with a command: raises GenModelsError(INVALID_IMAGE) for a source of another kind than a tub."""

    def __init__(self, out: Path, source: ImageSource):
        if source.format != "tub":
            raise invalid(f"A tub holds the driver's angle and throttle, and IN is a {source.format}: choose lerobot.")
        self._out, self._count, self._lengths, self._catalogs = out, 0, [], []
        (out / "images").mkdir(parents=True)

    def add(self, sample: Sample) -> None:
        sidecar = sample.sidecar
        if sample.image is not None:
            if sample.source.command is None:
                raise invalid("No angle and throttle were recorded with it.")
            name = f"{self._count}_cam_image_array_.png"
            sidecar = {"image": f"images/{name}", **sidecar}
            (self._out / "images" / name).write_bytes(encode_synthetic_png(sample.image, sample.sidecar))
            self._append(sample, name)
        write_sidecar(self._out / "sidecars", sample.name, sidecar)

    def close(self) -> tuple[str, ...]:
        self._finish_catalog()
        lines = (_INPUTS, _TYPES, {}, {"created_at": 0.0})
        last = {"paths": self._catalogs, "current_index": self._count, "max_len": RECORDS, "deleted_indexes": []}
        (self._out / "manifest.json").write_text("\n".join(json.dumps(line) for line in (*lines, last)) + "\n")
        return ()

    def _append(self, sample: Sample, image: str) -> None:
        throttle, turning = sample.source.command
        record = {
            "_index": self._count,
            "_session_id": f"variant_{sample.variant}",
            "_timestamp_ms": round((sample.source.stamp or 0.0) * 1000),
            "cam/image_array": image,
            "user/angle": -turning,  # Donkey's angle is positive to the right, a Command's to the left
            "user/mode": "user",
            "user/throttle": throttle,
        }
        line = json.dumps(record) + "\n"
        with (self._out / f"catalog_{len(self._catalogs)}.catalog").open("a") as catalog:
            catalog.write(line)
        self._lengths.append(len(line))
        self._count += 1
        if len(self._lengths) == RECORDS:
            self._finish_catalog()

    def _finish_catalog(self) -> None:
        """Donkey finds a record by the lengths of the lines before it."""
        if not self._lengths:
            return
        name = f"catalog_{len(self._catalogs)}.catalog"
        first = self._count - len(self._lengths)
        manifest = {"path": name, "created_at": 0.0, "start_index": first, "line_lengths": self._lengths}
        (self._out / f"catalog_{len(self._catalogs)}.catalog_manifest").write_text(json.dumps(manifest) + "\n")
        self._catalogs.append(name)
        self._lengths = []
