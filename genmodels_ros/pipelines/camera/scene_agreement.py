"""What a frozen segmenter sees before and after: is each object still there, and is there a new one?

Objects are connected areas of the object classes together (a chair that is called something else is still there), at
the segmenter's own resolution. An object of the source is kept if enough of its area is still called an object. One of
the result is invented if the segmenter is sure of it and the source has next to none there, nor around it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from genmodels_ros.models.segmenter import Segmenter

WORKING_SIDE = 128  # pixels of the longer side that the segmenter sees: as it was trained
SMALLEST = 0.005  # of the picture: smaller areas are no objects
SURE = 0.8  # mean probability of an object that counts as invented
EXPECTED = np.ones((3, 3), np.uint8)  # an object may be seen so much larger
HINT = 0.25  # probability in the source that is enough for an object not to be new
OVERLAP = 0.3  # of an area
FOLLOWED = 0.6  # labels that name the segmenter's classes agree with it on so much of the source


@dataclass(frozen=True)
class Seen:
    """familiarity: mean probability of the source's classes; agreement: share of pixels called the same, class by
    class (mean IoU over the source's classes, weighted by their area); counts of objects; lost_area: share of the
    picture that the largest lost one had; new_sureness: mean probability of the surest new one, 0 without one."""

    familiarity: float
    agreement: float
    objects: int
    lost: int
    invented: int
    lost_area: float = 0.0
    new_sureness: float = 0.0

    def scores(self) -> dict[str, float]:
        return {
            "familiarity": self.familiarity,
            "scene": self.agreement,
            "objects": float(self.objects),
            "objects_lost": float(self.lost),
            "objects_invented": float(self.invented),
            "lost_area": self.lost_area,
            "new_sureness": self.new_sureness,
        }


class SceneCheck:
    """`objects`: the class numbers that are things, unlike floor and walls."""

    def __init__(self, segmenter: Segmenter, objects: tuple[int, ...]):
        self._segmenter, self._objects = segmenter.eval().requires_grad_(False), list(objects)

    @torch.inference_mode()
    def compare(self, source: np.ndarray, result: np.ndarray, labels: np.ndarray | None = None) -> Seen:
        """uint8 [H, W, 3] each; labels [H, W] of the source stand for what the segmenter sees in it where they agree
        with it, as those of other classes or of instances do not."""
        images = torch.cat([_reduced(source), _reduced(result)])
        probabilities = self._segmenter(images).float().softmax(dim=1).numpy()
        (before, after), confidence = probabilities.argmax(1), probabilities[0].max(0)
        source_things, result_things = probabilities[:, self._objects].sum(1)
        if labels is not None:
            named = cv2.resize(labels.astype(np.float32), before.shape[::-1], interpolation=cv2.INTER_NEAREST)
            if (named == before).mean() >= FOLLOWED:
                before = named.astype(np.int64)
        here = np.isin(before, self._objects)
        expected = cv2.dilate((here | (source_things > HINT)).astype(np.uint8), EXPECTED) > 0
        there = np.isin(after, self._objects)
        things = areas(here)
        lost = [area for area in things if there[area].mean() < OVERLAP]
        new = [float(result_things[area].mean()) for area in areas(there) if expected[area].mean() < OVERLAP]
        return Seen(
            familiarity=float(confidence.mean()),
            agreement=_agreement(before, after),
            objects=len(things),
            lost=len(lost),
            invented=sum(sureness > SURE for sureness in new),
            lost_area=max((float(area.mean()) for area in lost), default=0.0),
            new_sureness=max(new, default=0.0),
        )


def areas(mask: np.ndarray) -> list[np.ndarray]:
    """The connected areas of a mask [h, w] that are large enough to be an object, each a mask."""
    count, numbers, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = [i for i in range(1, count) if statistics[i, cv2.CC_STAT_AREA] >= SMALLEST * mask.size]
    return [numbers == i for i in large]


def _agreement(before: np.ndarray, after: np.ndarray) -> float:
    total = 0.0
    for label in np.unique(before):
        first, second = before == label, after == label
        total += first.mean() * (first & second).sum() / (first | second).sum()
    return float(total)


def _reduced(image: np.ndarray) -> torch.Tensor:
    """[1, 3, h, w] in [0, 1], area-averaged so that the longer side is WORKING_SIDE at most."""
    height, width = image.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    pixels = torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].float() / 255
    # four halvings inside the network need sides that are not tiny
    return F.interpolate(pixels, size=[max(16, side) for side in pixels.shape[-2:]]) if min(size) < 16 else pixels
