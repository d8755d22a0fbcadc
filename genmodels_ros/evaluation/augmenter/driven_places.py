"""Real drives as a test of steering: pictures and what the driver did, in two parts that never meet.

Recordings whose names differ in a trailing number only were made in the same place: they are its parts in turn. A place
with a single recording is divided in the middle. One part gives unlabelled pictures, the other one is tested on.
"""

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Recording, open_recording
from genmodels_ros.errors import ErrorCode, GenModelsError

BEFORE, AFTER = 20, 10  # frames around one where the car does not drive on, at 20 Hz: 1 s and 0.5 s
STILL, HALF_A_SECOND = 1.5, 10  # grey levels within frames: a picture that changes less shows a car that stands
MIN_FRAMES = 100


@dataclass(frozen=True)
class Drive:
    """rgb uint8 [N, H, W, 3]; steering [N] in [-1, 1], positive to the right; in the order of recording."""

    rgb: np.ndarray
    steering: np.ndarray

    def __len__(self) -> int:
        return len(self.steering)

    def __getitem__(self, part: slice) -> "Drive":
        return Drive(self.rgb[part], self.steering[part])


@dataclass(frozen=True)
class Place:
    """`name`, and two parts: names and drives."""

    name: str
    part_names: tuple[str, str]
    parts: tuple[Drive, Drive]


def places(tubs: list[Path]) -> list[Place]:
    """Of Donkey tubs. Raises GenModelsError(NO_OBSERVATION) where one is unusable or too short."""
    named = sorted((path.name.removesuffix(".tar.gz"), path) for path in tubs)
    return [_place(name, list(group)) for name, group in groupby(named, key=lambda item: _without_number(item[0]))]


def _place(name: str, recordings: list[tuple[str, Path]]) -> Place:
    drives = [read_drive(path) for _, path in recordings]
    if len(drives) == 1:
        half = len(drives[0]) // 2
        return Place(name, (f"{name}, first half", f"{name}, second half"), (drives[0][:half], drives[0][half:]))
    names = tuple(" and ".join(one for one, _ in recordings[part::2]) for part in (0, 1))
    return Place(name, names, (_joined(drives[0::2]), _joined(drives[1::2])))


def read_drive(path: Path) -> Drive:
    """What is left of a tub when the frames are taken out where the car does not drive, as `driving` says."""
    recording = open_recording(path)
    rgb, steering, throttle = _frames(recording)
    kept = driving(rgb, throttle)
    if kept.sum() < MIN_FRAMES:
        raise GenModelsError(
            ErrorCode.NO_OBSERVATION, f"{path}: only {kept.sum()} frames of driving: use a longer one."
        )
    return Drive(rgb[kept], steering[kept])


def driving(rgb: np.ndarray, throttle: np.ndarray) -> np.ndarray:
    """Which frames count [N] bool: the car drives on from BEFORE frames before to AFTER frames after.

    It does not where the throttle is zero or against the recording's usual direction (a driver off the track reverses),
    or the picture stands still. Looks at neither steering nor what the picture shows.
    """
    forward = np.sign(np.median(throttle))
    grey = rgb[:, ::4, ::4].mean(axis=-1)
    stopped = throttle * forward <= 0
    change = np.abs(grey[HALF_A_SECOND:] - grey[:-HALF_A_SECOND]).mean(axis=(1, 2))
    stopped[HALF_A_SECOND:] |= change < STILL
    near = np.convolve(stopped, np.ones(BEFORE + AFTER + 1))[BEFORE : BEFORE + len(stopped)] > 0
    return ~near


def _frames(recording: Recording) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures, steering to the right, throttle, matched by stamp."""
    twists = {command.stamp: command.twist for command in recording.commands}
    images = [image for image in recording.images() if image.stamp in twists]
    if not images:
        raise GenModelsError(ErrorCode.NO_OBSERVATION, f"{recording.path}: no pictures with steering: give a tub.")
    throttle, steering = np.array([twists[image.stamp] for image in images]).T
    return np.stack([image.image for image in images]), -steering, throttle


def _joined(drives: list[Drive]) -> Drive:
    return Drive(np.concatenate([d.rgb for d in drives]), np.concatenate([d.steering for d in drives]))


def _without_number(name: str) -> str:
    return re.sub(r"[_-]?\d+$", "", name)
