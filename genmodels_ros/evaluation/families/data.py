"""What a comparison is made on: an array of the user's, or a toy by name."""

from pathlib import Path

import torch

from genmodels_ros.data.toys import TOYS, Toy, toy
from genmodels_ros.data.vectors import Vectors, read_vectors


def named_data(name: str, rows: int, seed: int) -> tuple[Vectors, Toy | None]:
    """`rows` of a toy, or all of an .npz. Raises GenModelsError(INVALID_DATA) for a file that cannot be read."""
    if name not in TOYS:
        return read_vectors(Path(name)), None
    made = toy(name)
    return Vectors(made.sample(rows, torch.Generator().manual_seed(seed)), None, (2,)), made
