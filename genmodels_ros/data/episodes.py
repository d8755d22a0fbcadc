"""Shards of drives: what a robot with a lidar saw, was told and touched, a row every 0.2 s.

One .npz a floor plan (floor_<number>.npz, or floor_<number>_<building>.npz on a piece of a real one) and a `card.json`
beside them. Drives on the same floor follow each other and are told apart by
`drive`; row t holds what was observed at t and the command given then, which acts until t + 1.
"""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

CARD = "card.json"
ANGLE_MIN = -np.pi  # of beam 0; beams cover the full circle


@dataclass(frozen=True)
class Episodes:
    """The rows of one shard, N of them."""

    scan: np.ndarray  # [N, B] float16 m, inf where nothing was hit, NaN where the lidar gave no measurement
    odometry: np.ndarray  # [N, 3] float32: pose in the odom frame, as the wheels tell it
    twist: np.ndarray  # [N, 2] float32: measured speed and turn rate
    pose: np.ndarray  # [N, 3] float32: the truth, in the map
    command: np.ndarray  # [N, 2] float32: given at t
    touched: np.ndarray  # [N] bool: anything was touched in (t - 1, t]
    people: np.ndarray  # [N, W, 3] float32: x, y in the map and radius of whoever moves, NaN where there is nobody
    drive: np.ndarray  # [N] int32

    def __len__(self) -> int:
        return len(self.scan)


def save_shard(path: Path, episodes: Episodes) -> None:
    """Writes one shard; the file appears complete or not at all."""
    partial = Path(path).with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, **asdict(episodes))
    os.replace(partial, path)


def load_shard(path: Path) -> Episodes:
    """Reads one shard. Raises GenModelsError(NO_OBSERVATION) if it is damaged or no shard of drives."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Episodes(**{field.name: arrays[field.name] for field in fields(Episodes)})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise GenModelsError(
            ErrorCode.NO_OBSERVATION,
            f"{path} is no shard of drives ({error}); make it with 'genmodels data world-model'.",
        ) from error


def shard_paths(folder: Path) -> list[Path]:
    """The shards of a folder by name. Raises GenModelsError(NO_OBSERVATION) if there are none."""
    paths = sorted(Path(folder).glob("floor_*.npz"))
    if not paths:
        raise GenModelsError(
            ErrorCode.NO_OBSERVATION, f"No shards floor_*.npz in {folder}: make them with 'genmodels data world-model'."
        )
    return paths


def split_by_floor(paths: list[Path], held_out: float = 0.1) -> tuple[list[Path], list[Path]]:
    """Training and validation shards: every n-th random floor is held out, at least one if there are two.

    Pieces of a real building are all for training: two of them may overlap. Validation in a real building needs one of
    which there are no shards.
    """
    every = max(2, round(1 / held_out))
    random = [path for path in paths if path.stem.count("_") == 1]
    validation = [path for index, path in enumerate(random) if index % every == every - 1] or random[1:][-1:]
    return [path for path in paths if path not in validation], validation


def windows(episodes: Episodes, length: int, stride: int = 1) -> np.ndarray:
    """First rows [M] of all windows of `length` rows that lie within one drive."""
    starts = np.arange(0, len(episodes) - length + 1, stride)
    return starts[episodes.drive[starts] == episodes.drive[starts + length - 1]]


def write_card(folder: Path, card: dict) -> None:
    """The data card: how the shards were made."""
    (Path(folder) / CARD).write_text(json.dumps(card, indent=2) + "\n")


def read_card(folder: Path) -> dict:
    """The data card of a folder, empty if it has none."""
    try:
        return json.loads((Path(folder) / CARD).read_text())
    except (OSError, ValueError):
        return {}
