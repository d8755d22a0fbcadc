"""One picture of what completion, removal and light alone look like, on frames that no training saw.

python -m genmodels_ros.evaluation.augmenter.completion_sheet OUT.jpg [DATA]
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.evaluation.augmenter.bench import TUBS, held_out_frames
from genmodels_ros.evaluation.augmenter.completion import hole_of_share, methods
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.comparison_grid import GAP, PAPER, label_overlay, picture_grid
from genmodels_ros.pipelines.camera.image_completion import ImageCompleter
from genmodels_ros.pipelines.camera.object_removal import remove_object
from genmodels_ros.pipelines.camera.relighting import relight
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.camera.completion_frames import held_out_part, recorded_frames

WIDTH = 960  # pixels
HOLE = (230, 60, 160)
SHARES = ((0.03, 0.06), (0.1, 0.16))
VISIBLE = (0.02, 0.2)  # share of the image that a person to be removed covers


def sheet(data: Path | None, seed: int = 0) -> np.ndarray:
    """uint8 [H, WIDTH, 3] RGB; recordings under camera/ of `data` are shown, too."""
    rgb, labels, _ = held_out_frames(48, seed)
    completer = ImageCompleter.from_checkpoint(device="cpu", mark=False)
    tubs = [] if data is None else sorted(Path(data).glob(TUBS))
    recorded = [held_out_part(recorded_frames(path))[-60] for path in tubs]
    people = [i for i in range(len(rgb)) if VISIBLE[0] < (labels[i] == LabelClass.PERSON).mean() < VISIBLE[1]][:2]
    blocks = [
        _completions([rgb[0], rgb[-1], *recorded], completer, seed),
        _removals([(rgb[i], labels[i]) for i in people], completer, seed),
        _lights([rgb[people[0]], *recorded[-1:]], seed),
    ]
    widest = max(block.shape[1] for block in blocks)
    padded = [
        cv2.copyMakeBorder(block, 0, GAP, 0, widest - block.shape[1], cv2.BORDER_CONSTANT, value=PAPER)
        for block in blocks
    ]
    return np.concatenate(padded)


def _grid(rows: list[list[np.ndarray]], titles: list[str]) -> np.ndarray:
    return picture_grid(rows, titles, cell_width=WIDTH // len(titles) - GAP)


def _completions(images: list[np.ndarray], completer: ImageCompleter, seed: int) -> np.ndarray:
    rng, rows, fills = np.random.default_rng([seed, 5]), [], methods(completer)
    for number, image in enumerate(images):
        mask = hole_of_share(*image.shape[:2], SHARES[number % 2], rng)
        holed = np.where(mask[..., None], np.uint8(HOLE), image)
        rows.append([holed, *(fill(image, mask, seed) for fill in fills.values()), image])
    return _grid(rows, ["hole", *(name.removesuffix(" (OpenCV)") for name in fills), "truth"])


def _removals(scenes: list[tuple[np.ndarray, np.ndarray]], completer: ImageCompleter, seed: int) -> np.ndarray:
    rows = []
    for image, labels in scenes:
        cleared = remove_object(completer, image, labels, LabelClass.PERSON, seed=seed)
        overlays = label_overlay(image, labels), label_overlay(cleared.image, cleared.labels)
        rows.append([image, overlays[0], cleared.image, overlays[1]])
    return _grid(rows, ["source", "labels", "person removed", "labels that still hold"])


def _lights(images: list[np.ndarray], seed: int) -> np.ndarray:
    augmenter, rows = ImageAugmenter.from_checkpoint(device="cpu", mark=False), []
    styles = augmenter.styles[:4]
    for image in images:
        lit = [augmenter.augment(image, style=style, seed=seed, lighting_only=True).image for style in styles]
        rows.append([image, *lit, relight(image, side="left", stops=3)])
    return _grid(rows, ["source", *(f"light of {style.replace('_', ' ')}" for style in styles), "lamp on the left"])


def main(out: str, data: str | None = None) -> None:
    picture = sheet(None if data is None else Path(data))
    cv2.imwrite(out, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 75])


if __name__ == "__main__":
    main(*sys.argv[1:])
