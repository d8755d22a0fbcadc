"""Do the source's labels still hold for the augmented picture, in the eyes of a frozen segmenter?

The segmenter of the quality gate (checkpoints/camera_segmenter) reads the sources, the augmented pictures and, as a
yardstick, what physics makes of the same frames. Objects that it sees where the labels have none, nor around there,
count as invented.
"""

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.gate_calibration import OBJECTS
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.evaluation.augmenter.segmentation_scores import confusion, mean_iou
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.checkpoint import load_checkpoint, shipped
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.scene_agreement import SceneCheck
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.training.camera.segmentation import predict

NOTES = (
    "Bars: kept at least 95 % in accepted pictures; invented objects in at most 1 % of them. 'By physics' is what the "
    "same segmenter reads in the pictures that the domain's physics makes of the same frames: losing less than physics "
    "does means a domain shown too weakly, and part of every loss is the domain's own, or the segmenter's.",
)


def tables(augmenter: ImageAugmenter, frames: LabelledFrames, seed: int) -> list[Table]:
    """mIoU on augmented frames over that on their sources; frames with invented objects, before and after the gate."""
    segmenter, _ = load_checkpoint(shipped("camera_segmenter"), "segmenter")
    scene = SceneCheck(segmenter, OBJECTS)

    def score(pictures: np.ndarray, chosen: np.ndarray) -> float:
        truth = frames.labels[chosen]
        return float(mean_iou(confusion(truth, predict(segmenter, pictures[chosen]), len(LabelClass))))

    def inventions(pictures: np.ndarray) -> np.ndarray:
        trios = zip(frames.rgb, pictures, frames.labels, strict=True)
        return np.array([scene.compare(rgb, picture, labels).invented > 0 for rgb, picture, labels in trios])

    rows, everything = [], np.ones(len(frames.rgb), bool)
    for style in tqdm(augmenter.styles, desc="labels kept", disable=None):
        variants = [augmenter.augment(image, style=style, seed=seed + i) for i, image in enumerate(frames.rgb)]
        pictures, accepted = np.stack([v.image for v in variants]), np.array([v.accepted for v in variants])
        invented = inventions(pictures)
        source, before, after = score(frames.rgb, accepted), score(pictures, everything), score(pictures, accepted)
        real = score(frames.in_domain(style).rgb, everything)
        rows.append(
            (
                style, source, before, after, f"{after / source:.1%}", real, f"{before / real:.1%}",
                f"{invented.mean():.1%}", f"{invented[accepted].mean():.1%}", f"{1 - accepted.mean():.1%}",
            )
        )  # fmt: skip
    columns = (
        "style", "mIoU source", "augmented", "accepted", "kept", "by physics", "augmented / physics",
        "invented before", "invented after", "rejected",
    )  # fmt: skip
    title = f"Augmenter, labels kept in the eyes of a frozen segmenter, {len(frames.rgb)} frames"
    return [Table(title, columns, tuple(rows), NOTES)]
