"""Does `reference=` give a picture the light of another? Measured against physics, which can do it exactly.

A light is drawn once and shown on two frames: on one it is the reference, on the other the truth. The augmenter gets
the second frame plain and the reference; how far is its result from the truth, beside that of a random code of the
same style, and beside a reference in another light of the same style?
"""

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.simulation.camera.styles import render_style

MAX_PAIRS = 96


def tables(augmenter: ImageAugmenter, frames: LabelledFrames, seed: int) -> list[Table]:
    """One, a row a style; none for a model that reads no reference."""
    return [reference_light(augmenter, frames, seed)] if augmenter.takes_reference else []


def reference_light(augmenter: ImageAugmenter, frames: LabelledFrames, seed: int) -> Table:
    """One half of the frames is shown in the light of references made from the other."""
    rgb, depth, rows = frames.rgb, frames.depth, []
    half = min(len(rgb) // 2, MAX_PAIRS)
    for style in tqdm(augmenter.styles, desc="references", disable=None):
        errors, named = {"reference": [], "random": [], "other light": []}, []
        for i in range(half):
            # the light is drawn before anything that depends on the frame, so one seed is one light
            lights = [np.random.default_rng([seed, number]) for number in (i, i, i + half)]
            reference, truth, other = (
                render_style(style, rgb[j], depth[j], light)
                for j, light in zip((i + half, i, i + half), lights, strict=True)
            )
            results = {
                "reference": augmenter.augment(rgb[i], reference=reference, style=style, seed=i),
                "random": augmenter.augment(rgb[i], style=style, seed=i),
                "other light": augmenter.augment(rgb[i], reference=other, style=style, seed=i),
            }
            for name, result in results.items():
                errors[name].append(colour_distance(result.image, truth))
            named.append(augmenter.encode(reference).style == augmenter.styles.index(style))
        means = {name: float(np.mean(values)) for name, values in errors.items()}
        rows.append(
            (style, means["reference"], means["random"], means["other light"],
             f"{np.mean(np.array(errors['reference']) < errors['random']):.0%}", f"{np.mean(named):.0%}")
        )  # fmt: skip
    columns = ("style", "its reference", "random code", "another light", "nearer than random", "style recognised")
    return Table(
        f"Augmenter, colour distance to the frame in the reference's light, {half} frames", columns, tuple(rows)
    )


def colour_distance(first: np.ndarray, second: np.ndarray, cell: int = 16) -> float:
    """Mean difference of the mean colours of cells of 16x16 pixels, of uint8 [H, W, 3], in grey levels."""

    def cells(image):
        height, width = (side // cell * cell for side in image.shape[:2])
        cut = image[:height, :width].astype(np.float32)
        return cut.reshape(height // cell, cell, width // cell, cell, 3).mean(axis=(1, 3))

    return float(np.abs(cells(first) - cells(second)).mean())
