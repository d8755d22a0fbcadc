"""What every benchmark of `genmodels bench` is told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BenchOptions:
    """data: folder of recordings and problems, if there is one; quick: fewer of them, for wider intervals
    checkpoint: folder of the weights, None for the shipped ones
    """

    data: Path | None = None
    device: str = "auto"
    seed: int = 0
    quick: bool = False
    checkpoint: Path | None = None
