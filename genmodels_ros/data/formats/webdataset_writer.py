"""WebDataset: tar files whose members of one name are one sample (https://github.com/webdataset/webdataset).

OUT/shard-000000.tar    <name>.png, <name>.json (the sidecar), <name>.mask.png (labels, where there are some)
OUT/rejected/<name>.json

A shard is closed at SHARD_BYTES. Times, users and modes in the archive are fixed: the same samples give the same bytes.
"""

import io
import json
import tarfile
from pathlib import Path

from genmodels_ros.data.formats.folder import write_sidecar
from genmodels_ros.data.image_codec import encode_labels
from genmodels_ros.data.labelled_images import ImageSource, Sample
from genmodels_ros.data.xmp import encode_synthetic_png

SHARD_BYTES = 256 * 2**20


class WebDatasetWriter:
    def __init__(self, out: Path, source: ImageSource, shard_bytes: int = SHARD_BYTES):
        self._out, self._shard_bytes = out, shard_bytes
        self._archive, self._bytes, self._shards = None, 0, 0

    def add(self, sample: Sample) -> None:
        if sample.image is None:
            write_sidecar(self._out / "rejected", sample.flat_name, sample.sidecar)
            return
        members = {
            "png": encode_synthetic_png(sample.image, sample.sidecar),
            "json": json.dumps(sample.sidecar).encode(),
        }
        if sample.source.labels is not None:
            members["mask.png"] = encode_labels(sample.source.labels)
        size = sum(map(len, members.values()))
        if self._archive is None or self._bytes + size > self._shard_bytes:
            self._next_shard()
        self._bytes += size
        for extension, content in members.items():
            member = tarfile.TarInfo(f"{sample.flat_name}.{extension}")
            member.size, member.mode = len(content), 0o644
            self._archive.addfile(member, io.BytesIO(content))

    def close(self) -> tuple[str, ...]:
        if self._archive is not None:
            self._archive.close()
        return ()

    def _next_shard(self) -> None:
        self.close()
        self._archive = tarfile.open(self._out / f"shard-{self._shards:06d}.tar", "w")
        self._bytes, self._shards = 0, self._shards + 1
