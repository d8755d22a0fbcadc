"""What a dataset of labelled images is made of, whatever format it comes in or goes out to."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError


@dataclass(frozen=True)
class Category:
    """A kind of object; `id` as the dataset numbers it (COCO: any number; YOLO: 0, 1, 2 …)."""

    id: int
    name: str


@dataclass(frozen=True)
class Instance:
    """One labelled object, in pixels: x to the right, y down, (0, 0) the upper left corner of the upper left pixel.

    `record` is the object as its own format has it; a writer of that format passes it on unchanged.
    """

    category: int
    box: tuple[float, float, float, float]  # left, top, width, height
    polygons: tuple[tuple[float, ...], ...] = ()  # x, y, x, y, … each
    rle: dict | None = None  # COCO's run-length mask: {"size": [H, W], "counts": …}
    crowd: bool = False
    record: object = None

    @classmethod
    def around(
        cls, category: int, center: tuple[float, float], size: tuple[float, float], theta: float = 0.0
    ) -> "Instance":
        """Of a rectangle turned by `theta` rad from x towards y about its centre: its corners are the polygon, and
        `box` is the upright rectangle around them. Raises GenModelsError(LABEL_MISMATCH) for what is no rectangle."""
        if not np.isfinite([*center, *size, theta]).all() or min(size) < 0:
            raise GenModelsError(
                ErrorCode.LABEL_MISMATCH,
                f"A box of {size[0]} x {size[1]} pixels about {center}, turned by {theta} rad.",
            )
        half_x, half_y = np.array(size) / 2
        along, across = np.array([math.cos(theta), math.sin(theta)]), np.array([-math.sin(theta), math.cos(theta)])
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        corners = np.array([center]) + [a * half_x * along + b * half_y * across for a, b in signs]
        low, high = corners.min(axis=0), corners.max(axis=0)
        polygons = (tuple(corners.ravel().tolist()),) if theta else ()
        return cls(category, (*low.tolist(), *(high - low).tolist()), polygons)

    def as_dict(self) -> dict:
        """For a sidecar; what there is none of is left out."""
        optional = {"polygons": self.polygons, "rle": self.rle, "crowd": self.crowd}
        return {
            "category": self.category,
            "box": self.box,
            **{name: value for name, value in optional.items() if value},
        }


@dataclass(frozen=True)
class SourceImage:
    """One image, or the reason why there is none. `name` is unique in its split and fit for a file name."""

    name: str
    origin: str  # file or recording it comes from
    stamp: float | None = None  # [s], of recordings
    image: np.ndarray | None = None  # uint8 [H, W, 3] RGB
    labels: np.ndarray | None = None  # uint8, uint16 or int32 [H, W]
    problem: str = ""
    instances: tuple[Instance, ...] = ()
    command: tuple[float, float] | None = (
        None  # forward [m/s] and turning [rad/s], of recordings: see data/recordings.py
    )
    split: str = ""  # of datasets that have parts, e.g. "train"
    native: object = None  # what its own format keeps of it beside all this


def _no_notes() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class ImageSource:
    """A dataset to go through once, image by image.

    `notes()` are sentences on what was left out; they are complete when the images have been gone through.
    """

    count: int  # at most
    images: Callable[[], Iterator[SourceImage]]
    format: str = "folder"
    categories: tuple[Category, ...] = ()
    header: dict = field(default_factory=dict)  # what the format keeps of the whole dataset
    notes: Callable[[], tuple[str, ...]] = _no_notes


@dataclass(frozen=True)
class Sample:
    """A picture to be stored under `name`: `source`'s geometry, and so its labels. Without an image it was rejected.

    `variant` tells which pictures belong together in time: "00", "01", … or "source".
    """

    name: str
    variant: str
    source: SourceImage
    sidecar: dict
    image: np.ndarray | None = None  # uint8 [H, W, 3] RGB

    @property
    def flat_name(self) -> str:
        """`name`, unique without the split, too."""
        return f"{self.source.split}_{self.name}" if self.source.split else self.name


class Writer(Protocol):
    """Stores samples in one format, one after the other, in bounded memory."""

    def add(self, sample: Sample) -> None:
        """Raises GenModelsError(INVALID_IMAGE or LABEL_MISMATCH) for a sample that the format cannot hold."""

    def close(self) -> tuple[str, ...]:
        """Completes the dataset; sentences on what the format had no room for."""
