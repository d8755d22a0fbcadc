"""Stored camera frames for training: .npz shards of one size, and a data card.

source-000.npz    rgb [N, H, W, 3] uint8, labels [N, H, W] uint8
<style>-000.npz   rgb [N, H, W, 3] uint8, of other frames
heldout-000.npz   rgb, labels, depth [N, H, W] float16 [m]: for measuring, never for training
data.json         what made them
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

CARD = "data.json"


def save_shard(path: Path, **arrays: np.ndarray) -> None:
    """Written whole or not at all, so that a shard that exists is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(partial, path)


def load_shards(folder: Path, name: str) -> dict[str, np.ndarray]:
    """All shards `name`-*.npz together. Raises GenModelsError(INVALID_IMAGE) if there are none, or one is damaged."""
    paths = sorted(Path(folder).glob(f"{name}-*.npz"))
    if not paths:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, f"No {name}-*.npz in {folder}: make them with 'genmodels data augmenter'."
        )
    parts = [_read(path) for path in paths]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def save_data_card(folder: Path, card: dict) -> None:
    (Path(folder) / CARD).write_text(json.dumps(card, indent=2) + "\n")


def load_data_card(folder: Path) -> dict:
    """Raises GenModelsError(INVALID_IMAGE) if it is missing or malformed."""
    try:
        return json.loads((Path(folder) / CARD).read_text())
    except (OSError, ValueError) as error:
        raise GenModelsError(ErrorCode.INVALID_IMAGE, f"No usable data card in {folder}: {error}.") from error


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as shard:
            return dict(shard)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE, f"{path} is damaged ({error}): delete it and make it again."
        ) from error
