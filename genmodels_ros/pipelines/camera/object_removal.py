"""An object taken out of a picture and out of its labels, so that the labels still hold.

scene = remove_object(completer, image, labels, value=3)     # scene.image, scene.labels
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.image_completion import CompletedImage, ImageCompleter


@dataclass(frozen=True)
class ClearedScene:
    """The picture without the object; labels [H, W] as given, but `unlabelled` wherever `mask` bool [H, W] is."""

    completed: CompletedImage
    labels: np.ndarray
    mask: np.ndarray

    @property
    def image(self) -> np.ndarray:
        """uint8 [H, W, 3] RGB."""
        return self.completed.image


def remove_object(
    completer: ImageCompleter,
    image: np.ndarray,
    labels: np.ndarray,
    value: int,
    *,
    grow: int = 2,
    unlabelled: int = 0,
    seed: int = 0,
) -> ClearedScene:
    """Paints over every pixel whose label is `value`, a class or an instance, and takes it out of the labels.

    labels: integers [H, W]. The mask is grown by `grow` pixels, as a camera's edges are soft; every repainted pixel
    becomes `unlabelled` (give the value your training ignores), because nobody knows what was painted there. All other
    labels still hold. Shadows and reflections of the object stay.

    Raises GenModelsError as `complete`, and LABEL_MISMATCH for labels of another size or without `value`,
    and where `unlabelled` is `value` or more than the labels' type holds.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise _mismatch(f"Labels must be integers [H, W], got {labels.dtype} {labels.shape}.")
    limits = np.iinfo(labels.dtype)
    if unlabelled == value or not limits.min <= unlabelled <= limits.max:
        raise _mismatch(f"Repainted pixels cannot become {unlabelled}: give another value that {labels.dtype} holds.")
    mask = labels == value
    if not mask.any():
        raise _mismatch(f"No pixel has the label {value}: the image has {sorted(np.unique(labels).tolist())[:20]}.")
    mask = grown(mask, grow)
    completed = completer.complete(image, mask, seed=seed)
    return ClearedScene(completed, np.where(mask, labels.dtype.type(unlabelled), labels), mask)


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """bool [H, W] with a border of `pixels` more all around."""
    ways = torch.from_numpy(mask)[None, None].float()
    return F.max_pool2d(ways, 2 * pixels + 1, stride=1, padding=pixels)[0, 0].numpy() > 0


def _mismatch(message: str) -> GenModelsError:
    return GenModelsError(ErrorCode.LABEL_MISMATCH, message)
