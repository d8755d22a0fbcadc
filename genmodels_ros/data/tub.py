"""Donkey Car tubs, version 2 of the format (Donkey Car 4): catalogs of JSON lines beside a folder of JPEG images.

`user/angle` is in [-1, 1], positive to the right; `user/throttle` in [-1, 1]. They become a Command (throttle, -angle),
so that a positive second number turns left as everywhere else; the scale to m/s and rad/s is unknown.
"""

import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Command, Recording, StampedImage, bad_recording

_CATALOG = re.compile(r"catalog_(\d+)\.catalog$")


def read_tub(path: Path) -> Recording:
    """The drive in `path`, a folder or a tar archive. Raises GenModelsError(NO_OBSERVATION) if none is usable."""
    try:
        records, notes = _records(path)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise bad_recording(path, f"the tub cannot be read ({error}); copy it again.") from error
    if not records:
        raise bad_recording(path, "no record with an image: it is no Donkey tub.")
    commands = tuple(
        Command(stamp, np.array([record.get("user/throttle", 0.0), -record.get("user/angle", 0.0)], dtype=float))
        for stamp, record in records
    )
    names = {record["cam/image_array"]: stamp for stamp, record in records}
    return Recording(
        "tub", path, commands=commands, num_images=len(names), images=lambda: _images(path, names), notes=notes
    )


def _records(path: Path) -> tuple[list[tuple[float, dict]], tuple[str, ...]]:
    """Records that have an image, by rising index, and what was skipped."""
    catalogs, deleted = {}, set()
    for name, content in _small_files(path):
        if match := _CATALOG.search(name):
            catalogs[int(match[1])] = content
        elif name.endswith("manifest.json"):
            deleted = _deleted(content)
    records, malformed, left_out = [], 0, 0
    for _, content in sorted(catalogs.items()):
        for line in content.splitlines():
            record = _record(line)
            if record is None:
                malformed += 1
            elif record.get("_index") in deleted:
                left_out += 1
            else:
                records.append((record["_timestamp_ms"] / 1000.0, record))
    counts = ((malformed, "malformed records skipped"), (left_out, "records that the driver deleted left out"))
    return records, tuple(f"{count} {what}" for count, what in counts if count)


def _record(line: bytes) -> dict | None:
    try:
        record = json.loads(line)
        numbers = [record["_timestamp_ms"], record.get("user/angle", 0.0), record.get("user/throttle", 0.0)]
        return record if record["cam/image_array"] and np.isfinite(numbers).all() else None
    except (ValueError, KeyError, TypeError):
        return None


def _deleted(manifest: bytes) -> set[int]:
    """Indexes that the driver marked as deleted: the manifest's last line."""
    try:
        return set(json.loads(manifest.splitlines()[-1]).get("deleted_indexes", ()))
    except (ValueError, IndexError, AttributeError, TypeError):
        return set()


def _small_files(path: Path) -> Iterator[tuple[str, bytes]]:
    wanted = (".catalog", "manifest.json")
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.name.endswith(wanted):
                yield file.name, file.read_bytes()
        return
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(wanted):
                yield Path(member.name).name, archive.extractfile(member).read()


def _images(path: Path, stamps: dict[str, float]) -> Iterator[StampedImage]:
    """Decodes one image after the other in the order of time; a tar archive is read through once."""
    import cv2

    for name, content in _encoded_images(path, stamps):
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            yield StampedImage(stamps[name], cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _encoded_images(path: Path, stamps: dict[str, float]) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for name in stamps:
            file = path / "images" / Path(name).name
            if file.exists():
                yield name, file.read_bytes()
        return
    found = {}  # JPEGs of a few kB each, kept encoded: archives hold them in no order
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and name in stamps:
                found[name] = archive.extractfile(member).read()
    yield from ((name, found[name]) for name in stamps if name in found)
