"""Drives seen by a camera, in memory: what the camera world model is trained on."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Recording, bad_recording, open_recording

MAX_GAP = 1.0  # [s] between images; a longer one begins another drive
SUFFIXES = (".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True)
class ImageDrive:
    """Images of one drive without a gap, each with the action in force from then on."""

    name: str  # of the recording
    images: np.ndarray  # [N, H, W, 3] uint8 RGB
    stamps: np.ndarray  # [N] s, rising
    actions: np.ndarray  # [N, 2]: throttle, steering to the left positive
    index: np.ndarray  # [N] of each image in the recording


def load_drives(folder: Path, size: tuple[int, int]) -> list[ImageDrive]:
    """All drives of the tubs in `folder` (folders or tar archives; or the one tub that it is), at `size` (H, W).

    Raises GenModelsError(NO_OBSERVATION) if there is none, or one cannot be read.
    """
    folder = Path(folder)
    tubs = sorted(path for path in folder.glob("*") if _is_tub(path)) if folder.is_dir() else []
    tubs = [folder] if _is_tub(folder) else tubs
    drives = [drive for path in tubs for drive in split_drives(open_recording(path), size)]
    if not drives:
        raise bad_recording(folder, "holds no Donkey tub (a folder with *.catalog, or such a folder as .tar.gz).")
    return drives


def _is_tub(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob("*.catalog"))
    return path.is_file() and path.name.endswith(SUFFIXES)


def split_drives(recording: Recording, size: tuple[int, int] | None = None) -> list[ImageDrive]:
    """The recording's images, resized if asked to, cut where time goes back or stands still or jumps by MAX_GAP.

    The action of an image is the last command given up to its stamp. Raises GenModelsError(NO_OBSERVATION) if there
    are no images, or images of several sizes.
    """
    images, stamps = [], []
    for item in recording.images():
        images.append(item.image if size is None else _resized(item.image, size))
        stamps.append(item.stamp)
    if not images:
        raise bad_recording(recording.path, "no image in it can be read.")
    if len({image.shape for image in images}) > 1:
        raise bad_recording(recording.path, "holds images of several sizes.")
    stamps = np.array(stamps)
    actions = Actions(recording).at(stamps)
    gaps = np.diff(stamps)
    cuts = [0, *(np.flatnonzero((gaps <= 0) | (gaps > MAX_GAP)) + 1), len(stamps)]
    name = recording.path.name
    return [
        ImageDrive(name, np.stack(images[a:b]), stamps[a:b], actions[a:b], np.arange(a, b)) for a, b in pairwise(cuts)
    ]


class Actions:
    """The commands of a recording, asked for by time; limited to [-1, 1]."""

    def __init__(self, recording: Recording):
        stamps = np.array([command.stamp for command in recording.commands])
        order = np.argsort(stamps, kind="stable")  # a clock may have been set back
        twists = np.array([command.twist for command in recording.commands]).reshape(-1, 2)[order]
        self._stamps, self._twists = stamps[order], np.vstack([np.zeros(2), twists]).clip(-1, 1)

    def at(self, stamps: np.ndarray | float) -> np.ndarray:
        """The last command [*, 2] given up to each of the stamps; zero before the first."""
        return self._twists[np.searchsorted(self._stamps, stamps, side="right")]


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    import cv2

    return image if image.shape[:2] == size else cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
