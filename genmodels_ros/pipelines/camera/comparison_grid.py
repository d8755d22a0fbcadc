"""Pictures side by side, for people: sources in the first column, what was made of them in the others."""

from collections.abc import Sequence

import cv2
import numpy as np

from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter

GAP, HEADER = 6, 30  # pixels
PAPER, INK, REFUSED = (248, 248, 246), (40, 40, 44), (196, 52, 40)
# Colour-blind safe (Okabe and Ito 2008), repeated for further labels; label 0 keeps the picture's colour.
LABEL_COLOURS = np.array(
    [(0, 158, 115), (86, 180, 233), (230, 159, 0), (213, 94, 0), (204, 121, 167), (240, 228, 66), (0, 114, 178)],
    np.uint8,
)


def comparison_grid(
    augmenter: ImageAugmenter,
    images: Sequence[np.ndarray],
    *,
    styles: Sequence[str] | None = None,
    labels: Sequence[np.ndarray] | None = None,
    strength: float = 1.0,
    seed: int = 0,
    cell_width: int = 240,
) -> np.ndarray:
    """One row an image: source, its labels if there are any, and each style (all the model's by default); uint8 RGB.

    What the quality gate refuses is framed in red. Raises GenModelsError as `ImageAugmenter.augment`.
    """
    styles = augmenter.styles if styles is None else tuple(styles)
    rows, refused = [], []
    for number, image in enumerate(images):
        row = [image] if labels is None else [image, label_overlay(image, labels[number])]
        variants = [augmenter.augment(image, style=style, strength=strength, seed=seed + number) for style in styles]
        refused.append([False] * len(row) + [not variant.accepted for variant in variants])
        rows.append(row + [variant.image for variant in variants])
    titles = ["source", *(["labels"] if labels is not None else []), *(style.replace("_", " ") for style in styles)]
    return picture_grid(rows, titles, refused=refused, cell_width=cell_width)


def picture_grid(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    *,
    refused: Sequence[Sequence[bool]] | None = None,
    cell_width: int = 240,
) -> np.ndarray:
    """uint8 [H, W, 3] RGB: pictures of any size under column titles, each brought to `cell_width` and the height that
    the first one's shape asks for."""
    height, width = rows[0][0].shape[:2]
    cell_height = max(1, round(cell_width * height / width))
    sheet = np.full(
        (HEADER + len(rows) * (cell_height + GAP), GAP + len(titles) * (cell_width + GAP), 3), PAPER, np.uint8
    )
    for column, title in enumerate(titles):
        _write_title(sheet, title, GAP + column * (cell_width + GAP), cell_width)
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            top, left = HEADER + row * (cell_height + GAP), GAP + column * (cell_width + GAP)
            cell = sheet[top : top + cell_height, left : left + cell_width]
            shrinks = picture.shape[1] > cell_width
            cell[:] = cv2.resize(
                picture, (cell_width, cell_height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
            )
            if refused is not None and refused[row][column]:
                cv2.rectangle(sheet, (left - 2, top - 2), (left + cell_width + 1, top + cell_height + 1), REFUSED, 3)
    return sheet


def label_overlay(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The image [H, W, 3] in grey under its labels [H, W] in colour."""
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    colours = LABEL_COLOURS[(labels.astype(np.int64) - 1) % len(LABEL_COLOURS)]
    mixed = np.rint(0.45 * grey + 0.55 * colours).astype(np.uint8)
    return np.where((labels == 0)[..., None], grey, mixed)


def _write_title(sheet: np.ndarray, title: str, left: int, width: int) -> None:
    scale = 0.5
    (text_width, text_height), _ = cv2.getTextSize(title, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    place = (left + max(0, (width - text_width) // 2), (HEADER + text_height) // 2)
    cv2.putText(sheet, title, place, cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 1, cv2.LINE_AA)
