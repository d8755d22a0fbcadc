"""A segmenter's decision, adjusted on labelled frames that it was not trained on.

Losses weigh rare classes up so that they are learned at all, and a network that also learns pictures in which they can
hardly be seen names them too often everywhere. One number added to each class's logit (Menon et al. 2021) sets that
right, chosen here by the mean IoU itself.
"""

import copy

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.models.segmenter import STRIDE, Segmenter
from genmodels_ros.training.camera.segmentation import in_batches

STEPS = (1.0, 0.5, 0.25)  # of the search, in natural logarithms of odds


def adjusted(model: Segmenter, images: np.ndarray, labels: np.ndarray) -> Segmenter:
    """A copy of `model` whose last biases give the best mean IoU on uint8 images [N, H, W, 3], labels [N, H, W]."""
    truth = torch.from_numpy(labels[:, ::STRIDE, ::STRIDE].astype(np.int64))
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.head.bias += offsets(in_batches(model, images, model).float(), truth)
    return model


def offsets(logits: Tensor, truth: Tensor) -> Tensor:
    """[C] to add to logits [N, C, H, W] so that the most probable class has the best mean IoU with truth [N, H, W].

    Coordinate by coordinate, in ever smaller steps: each is taken as long as it helps.
    """
    found = torch.zeros(logits.shape[1])
    best = _mean_iou(logits.argmax(dim=1), truth, len(found))
    for size in STEPS:
        for index in range(len(found)):
            others = logits + found[:, None, None]
            others[:, index] = -torch.inf
            strongest, named = others.max(dim=1)  # once for all steps of this class
            for step in (-size, size):
                while True:
                    tried = torch.where(logits[:, index] + (found[index] + step) > strongest, index, named)
                    reached = _mean_iou(tried, truth, len(found))
                    if reached <= best + 1e-5:
                        break
                    found[index] += step
                    best = reached
    return found


def _mean_iou(named: Tensor, truth: Tensor, classes: int) -> float:
    """Mean over the classes that occur, in [0, 1]."""
    confusion = torch.bincount((truth * classes + named).flatten(), minlength=classes**2).view(classes, classes)
    union = confusion.sum(dim=0) + confusion.sum(dim=1) - confusion.diag()
    return float((confusion.diag() / union)[union > 0].mean())
