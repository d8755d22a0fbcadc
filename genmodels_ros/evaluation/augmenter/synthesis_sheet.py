"""One picture of what synthesis makes, beside frames that it never saw and what a Gaussian mixture of pixels paints.

python -m genmodels_ros.evaluation.augmenter.synthesis_sheet CHECKPOINT OUT.jpg
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.evaluation.augmenter.bench import FRAME_SEED
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.augmenter.synthesis import shrunk, shrunk_labels
from genmodels_ros.evaluation.augmenter.synthesis_baselines import mixture
from genmodels_ros.pipelines.camera.comparison_grid import label_overlay, picture_grid
from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer
from genmodels_ros.simulation.camera.frames import FRAMES_A_PLAN

ROWS, PAIRS = 5, 2  # examples below each other and, of frames and of the generator, beside each other
KNOWN = 16  # scenes that the mixture is fitted to
CELL = 104  # pixels


def sheet(checkpoint: Path, seed: int = 0) -> np.ndarray:
    """uint8 [H, W, 3] RGB; the generator's pictures are its first, none is chosen. Needs a generator of masks."""
    synthesizer = ImageSynthesizer.from_checkpoint(checkpoint, device="cpu", mark=False)
    count, size = ROWS * PAIRS, synthesizer.size
    frames = LabelledFrames.render((count + KNOWN) * FRAMES_A_PLAN, FRAME_SEED + seed)
    rgb, labels = shrunk(frames.rgb, size), shrunk_labels(frames.labels, size)
    shown = np.arange(count) * FRAMES_A_PLAN  # the first of each scene
    painted = mixture(rgb[count * FRAMES_A_PLAN :], ROWS, seed)
    made = [(one.image, one.labels) for one in synthesizer.sample(count, seed=seed)]
    pairs = list(zip(rgb[shown], labels[shown], strict=True)), made
    rows = [
        [cell for kind in pairs for image, mask in kind[row::ROWS] for cell in (image, label_overlay(image, mask))]
        + [painted[row]]
        for row in range(ROWS)
    ]
    return picture_grid(rows, ["frame", "mask"] * PAIRS + ["made", "mask"] * PAIRS + ["mixture"], cell_width=CELL)


def main(checkpoint: str, out: str) -> None:
    picture = cv2.cvtColor(sheet(Path(checkpoint)), cv2.COLOR_RGB2BGR)
    cv2.imwrite(out, picture, [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main(*sys.argv[1:])
