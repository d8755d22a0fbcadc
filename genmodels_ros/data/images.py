"""Where images to be augmented come from, and how the results are stored.

A source is a folder of JPEG and PNG files, perhaps with a folder of masks of the same names, or the camera of a
recording (rosbag2 folder, Donkey tub). What cannot be read comes along with its reason: nothing is lost silently.

    OUT/<name>.png            the image
    OUT/labels/<name>.png     its labels, values and size untouched
    OUT/<name>.json           the sidecar
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genmodels_ros.data.image_codec import decode, encode_png, invalid
from genmodels_ros.data.recordings import open_recording
from genmodels_ros.errors import ErrorCode, GenModelsError

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class SourceImage:
    """One image, or the reason why there is none. `name` is unique in its source and fit for a file name."""

    name: str
    origin: str  # file or recording it comes from
    stamp: float | None = None  # [s], of recordings
    image: np.ndarray | None = None  # uint8 [H, W, 3] RGB
    labels: np.ndarray | None = None  # uint8 or uint16 [H, W]
    problem: str = ""


@dataclass(frozen=True)
class ImageSource:
    """How many images there are, at most, and a way to go through them once."""

    count: int
    images: Callable[[], Iterator[SourceImage]]


def open_images(path: Path, labels: Path | None = None) -> ImageSource:
    """Looks at `path` once. Raises GenModelsError: INVALID_IMAGE if it is missing or holds no image, LABEL_MISMATCH for
    labels that cannot belong to it, and whatever a recording's reader raises."""
    path = Path(path)
    if not path.exists():
        raise invalid(f"{path}: no such file or folder.")
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES) if path.is_dir() else []
    if files:
        return _folder(files, labels)
    if labels is not None:
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"--labels needs a folder of images; {path} is none.")
    if path.is_dir() and not any(path.iterdir()):
        raise invalid(f"{path} is empty.")
    recording = open_recording(path)
    if not recording.num_images:
        raise invalid(f"{path} holds no images.")
    return ImageSource(recording.num_images, lambda: _recorded(recording))


def save_variant(folder: Path, name: str, image: np.ndarray | None, labels: np.ndarray | None, sidecar: dict) -> None:
    """Writes image and labels where there are any, and the sidecar, which names them."""
    if image is not None:
        (folder / f"{name}.png").write_bytes(encode_png(image))
        sidecar = {"image": f"{name}.png", **sidecar}
        if labels is not None:
            (folder / "labels").mkdir(exist_ok=True)
            (folder / "labels" / f"{name}.png").write_bytes(encode_png(labels))
            sidecar = {"labels": f"labels/{name}.png", **sidecar}
    (folder / f"{name}.json").write_text(json.dumps(sidecar, indent=2) + "\n")


def _folder(files: list[Path], labels: Path | None) -> ImageSource:
    if labels is not None and not Path(labels).is_dir():
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"{labels} is not a folder of label images.")
    stems = Counter(file.stem for file in files)
    names = {file: file.stem if stems[file.stem] == 1 else file.name.replace(".", "_") for file in files}
    return ImageSource(len(files), lambda: (_read(file, name, labels) for file, name in names.items()))


def _read(file: Path, name: str, labels_folder: Path | None) -> SourceImage:
    try:
        image = decode(file.read_bytes())
        labels = None if labels_folder is None else _read_labels(Path(labels_folder), file.stem, image.shape[:2])
    except (GenModelsError, OSError) as error:
        return SourceImage(name, str(file), problem=str(error))
    return SourceImage(name, str(file), image=image, labels=labels)


def _read_labels(folder: Path, stem: str, shape: tuple[int, int]) -> np.ndarray:
    path = folder / f"{stem}.png"
    if not path.exists():
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"No labels for it: {path} is missing.")
    labels = decode(path.read_bytes(), as_labels=True)
    if labels.shape != shape:
        size, wanted = (f"{width}x{height}" for height, width in (labels.shape, shape))
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, f"Its labels are {size} pixels, the image {wanted}.")
    return labels


def _recorded(recording) -> Iterator[SourceImage]:
    read = 0
    for read, frame in enumerate(recording.images(), start=1):
        yield SourceImage(f"frame_{read - 1:06d}", str(recording.path), frame.stamp, frame.image)
    if missing := recording.num_images - read:
        problem = f"The recording holds {missing} images fewer than its index says."
        yield SourceImage(recording.path.name, str(recording.path), problem=problem)
