"""A folder of JPEG and PNG files, perhaps with a folder of masks of the same names.

OUT/<name>.png            the image
OUT/labels/<name>.png     its labels, values and size untouched
OUT/<name>.json           the sidecar
"""

import json
from pathlib import Path

from genmodels_ros.data.file_names import unique_names
from genmodels_ros.data.image_codec import decode, encode_labels, invalid
from genmodels_ros.data.labelled_images import ImageSource, Sample, SourceImage
from genmodels_ros.data.orientation import decode_oriented
from genmodels_ros.data.xmp import encode_synthetic_png
from genmodels_ros.errors import ErrorCode, GenModelsError

SUFFIXES = (".jpg", ".jpeg", ".png")
UNREAD_SUFFIXES = (".bmp", ".tif", ".tiff", ".webp", ".gif", ".heic", ".jp2", ".ppm", ".pgm")


def image_files(folder: Path) -> list[Path]:
    """Sorted files of SUFFIXES right in `folder`, which may be missing."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []


def read_folder(path: Path, labels: Path | None = None) -> ImageSource:
    """Raises GenModelsError: INVALID_IMAGE if there is no image, LABEL_MISMATCH if `labels` is no folder."""
    files = image_files(path)
    if not files:
        raise invalid(f"{path} holds no JPEG or PNG file.")
    if labels is not None and not Path(labels).is_dir():
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"{labels} is not a folder of label images.")
    names = unique_names(file.name for file in files)
    unread = sum(p.suffix.lower() in UNREAD_SUFFIXES for p in path.iterdir())
    notes = (f"{unread} images that are neither JPEG nor PNG left out: convert them",) if unread else ()
    return ImageSource(
        len(files),
        lambda: (_read(file, name, labels) for file, name in zip(files, names, strict=True)),
        notes=lambda: notes,
    )


def _read(file: Path, name: str, labels_folder: Path | None) -> SourceImage:
    try:
        labels = None if labels_folder is None else _read_labels(Path(labels_folder), file.stem)
        image = decode_oriented(file.read_bytes(), None if labels is None else labels.shape)
    except (GenModelsError, OSError) as error:
        return SourceImage(name, str(file), problem=str(error))
    return SourceImage(name, str(file), image=image, labels=labels)


def _read_labels(folder: Path, stem: str):
    path = folder / f"{stem}.png"
    if not path.exists():
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"No labels for it: {path} is missing.")
    return decode(path.read_bytes(), as_labels=True)


class FolderWriter:
    """Images, `labels/` and sidecars in one folder."""

    def __init__(self, out: Path, source: ImageSource):
        self._out = out

    def add(self, sample: Sample) -> None:
        name, labels, sidecar = sample.flat_name, sample.source.labels, sample.sidecar
        if sample.image is not None:
            sidecar = {"image": f"{name}.png", **sidecar}
            if labels is not None:
                sidecar = {"labels": write_labels(self._out, name, labels), **sidecar}
            (self._out / f"{name}.png").write_bytes(encode_synthetic_png(sample.image, sample.sidecar))
        write_sidecar(self._out, name, sidecar)

    def close(self) -> tuple[str, ...]:
        return ()


def write_labels(out: Path, name: str, labels) -> str:
    """Their place below `out`: labels/<name>.png."""
    content = encode_labels(labels)
    (out / "labels").mkdir(exist_ok=True)
    (out / "labels" / f"{name}.png").write_bytes(content)
    return f"labels/{name}.png"


def write_sidecar(folder: Path, name: str, sidecar: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(sidecar, indent=2) + "\n")
