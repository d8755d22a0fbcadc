"""Vectors to learn from: one array of rows, and what each row depends on.

On disk an .npz with `x` [N, ...] and, if there is something to depend on, `condition` [N, ...]; rows of more than one
axis are laid out flat and `shape` remembers theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError

FEWEST = 5  # rows to learn from


@dataclass(frozen=True)
class Vectors:
    """x [N, D] and condition [N, C] or None; shape of one row before it was laid out flat."""

    x: Tensor
    condition: Tensor | None = None
    shape: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index) -> "Vectors":
        """Those rows."""
        condition = None if self.condition is None else self.condition[index]
        return Vectors(self.x[index], condition, self.shape)

    @property
    def condition_dimension(self) -> int:
        return 0 if self.condition is None else self.condition.shape[1]

    def to(self, *target) -> "Vectors":
        """On another device or in another precision."""
        condition = None if self.condition is None else self.condition.to(*target)
        return Vectors(self.x.to(*target), condition, self.shape)

    def split(self, share: float, rng: torch.Generator) -> tuple["Vectors", "Vectors"]:
        """(training, held out): `share` of the rows, at least one, is held out at random."""
        held_out = max(1, round(share * len(self)))
        order = torch.randperm(len(self), generator=rng)
        return self[order[held_out:]], self[order[:held_out]]

    def batches(self, size: int, rng: torch.Generator) -> Iterator["Vectors"]:
        """Endless random batches, drawn with replacement: all that has to be remembered of them is the generator."""
        while True:
            yield self[torch.randint(len(self), (size,), generator=rng).to(self.x.device)]


def vectors(x: np.ndarray, condition: np.ndarray | None = None) -> Vectors:
    """Checked and laid out flat, float32.

    Raises GenModelsError(INVALID_DATA) for fewer than FEWEST rows, unequal numbers of rows, or what is no number.
    """
    flat = _flat(x, "x")
    if len(flat) < FEWEST:
        raise GenModelsError(
            ErrorCode.INVALID_DATA, f"{len(flat)} rows are too few to learn from: give {FEWEST} or more."
        )
    if condition is None:
        return Vectors(flat, None, tuple(np.shape(x)[1:]))
    conditions = _flat(condition, "condition")
    if len(conditions) != len(flat):
        raise GenModelsError(
            ErrorCode.INVALID_DATA, f"x has {len(flat)} rows and condition {len(conditions)}: give one for each."
        )
    return Vectors(flat, conditions, tuple(np.shape(x)[1:]))


def read_vectors(path: Path) -> Vectors:
    """From an .npz. Raises GenModelsError(INVALID_DATA) if it is missing, damaged or holds no `x`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in ("x", "condition") if key in file}
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, BadZipFile) as error:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"Cannot read {path}: {error}.") from error
    if "x" not in arrays:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"{path} holds no array 'x' [N, ...]: save one by numpy.savez.")
    return vectors(arrays["x"], arrays.get("condition"))


def _flat(array: np.ndarray, name: str) -> Tensor:
    array = np.asarray(array)
    if array.ndim < 1 or array.dtype.kind not in "fiub" or 0 in array.shape:
        raise GenModelsError(
            ErrorCode.INVALID_DATA, f"{name} must be numbers [N, ...], got {array.dtype} {array.shape}."
        )
    flat = torch.as_tensor(array.reshape(len(array), -1).astype(np.float32))
    if not flat.isfinite().all():
        raise GenModelsError(ErrorCode.INVALID_DATA, f"{name} holds NaN or infinity: clean the data first.")
    return flat
