"""Objects with boxes and outlines, found in label images: what detectors are trained on, of what simulators give."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from genmodels_ros.data.labelled_images import Category, ImageSource, Instance, SourceImage
from genmodels_ros.errors import ErrorCode, GenModelsError

MIN_PIXELS = 9  # fewer are no object
FINENESS = 4  # parts of a pixel: an outline runs an eighth of a pixel inside the edge of its pixels
TOLERANCE = 0.5  # pixels that a simplified outline may stray


@dataclass(frozen=True)
class ObjectLabels:
    """Which values of label images are objects, and of what class.

    classes: value → name; every region of that value is an object, so that two that touch are one. Or `of_instances`,
    the one class of label images that give each object a value of its own, 0 for none.
    """

    classes: tuple[tuple[int, str], ...] = ()
    of_instances: str = ""

    @classmethod
    def parse(cls, text: str) -> "ObjectLabels":
        """ "4=person,3=chair", or "person". Raises GenModelsError(LABEL_MISMATCH) for anything else."""
        parts = [part.strip() for part in text.split(",")]
        if len(parts) == 1 and parts[0] and "=" not in parts[0]:
            return cls(of_instances=parts[0])
        pairs = [part.partition("=") for part in parts]
        values = [value.strip() for value, _, _ in pairs]
        names = [name.strip() for _, _, name in pairs]
        if not all(names) or not all(value.isdecimal() for value in values) or len({*map(int, values)}) < len(values):
            raise GenModelsError(
                ErrorCode.LABEL_MISMATCH,
                f"{text!r} says not which labels are objects: write 4=person,3=chair, or one name for label images in "
                "which each object has a value of its own.",
            )
        return cls(tuple(zip(map(int, values), names, strict=True)))

    @property
    def categories(self) -> tuple[Category, ...]:
        """Numbered as their names come; several values may share a name."""
        names = dict.fromkeys(name for _, name in self.classes) if self.classes else (self.of_instances,)
        return tuple(Category(number, name) for number, name in enumerate(names))


def with_objects(source: ImageSource, wanted: ObjectLabels) -> ImageSource:
    """The same images, each with the objects in its labels; an image without labels is not used.

    Raises GenModelsError(LABEL_MISMATCH) for a dataset that has objects of its own.
    """
    if source.categories:
        raise GenModelsError(ErrorCode.LABEL_MISMATCH, "Objects are told already: leave out --objects.")
    small = Counter()

    def images() -> Iterator[SourceImage]:
        small.clear()
        for item in source.images():
            if item.image is None:
                yield item
            elif item.labels is None:
                yield replace(item, image=None, problem="It has no label image to find objects in.")
            else:
                yield replace(item, instances=tuple(_objects(item.labels, wanted, small)))

    def notes() -> tuple[str, ...]:
        left = f"{small['regions']} regions of fewer than {MIN_PIXELS} pixels are no objects"
        return (*source.notes(), *([left] if small["regions"] else []))

    return replace(source, images=images, categories=wanted.categories, notes=notes)


def _objects(labels: np.ndarray, wanted: ObjectLabels, small: Counter) -> Iterator[Instance]:
    for category, region in _regions(labels, wanted):
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        if region.sum() < MIN_PIXELS:
            small["regions"] += 1
            continue
        left, top = int(columns[0]), int(rows[0])
        cut = region[top : rows[-1] + 1, left : columns[-1] + 1]
        height, width = cut.shape
        yield Instance(category, (float(left), float(top), float(width), float(height)), _outlines(cut, left, top))


def _regions(labels: np.ndarray, wanted: ObjectLabels) -> Iterator[tuple[int, np.ndarray]]:
    """(category, bool [H, W]) of each object."""
    if not wanted.classes:
        yield from ((0, labels == value) for value in np.unique(labels[labels > 0]))
        return
    ids = {category.name: category.id for category in wanted.categories}
    for value, name in wanted.classes:
        count, numbered = cv2.connectedComponents((labels == value).astype(np.uint8), connectivity=8)
        yield from ((ids[name], numbered == number) for number in range(1, count))


def _outlines(region: np.ndarray, left: int, top: int) -> tuple[tuple[float, ...], ...]:
    """Polygons around each part of bool [H, W]; holes are filled."""
    fine = np.pad(np.kron(region.astype(np.uint8), np.ones((FINENESS, FINENESS), np.uint8)), 1)
    contours, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    simple = (cv2.approxPolyDP(contour, TOLERANCE * FINENESS, True)[:, 0] for contour in contours)
    return tuple(
        tuple(((points - 0.5) / FINENESS + (left, top)).ravel().tolist()) for points in simple if len(points) > 2
    )
