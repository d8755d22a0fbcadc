"""Pictures spoilt on purpose, each with the one fault that the quality gate is there to find."""

from collections.abc import Callable

import cv2
import numpy as np

from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.pipelines.camera.scene_agreement import areas
from genmodels_ros.simulation.scenes import LabelClass

OBJECTS = (LabelClass.FURNITURE, LabelClass.PERSON, LabelClass.OTHER)
FAR = 3  # how far away another frame is, in scenes
SHIFT = 14  # pixels
Fault = Callable[[LabelledFrames, int, np.random.Generator], np.ndarray | None]


def object_pasted(frames: LabelledFrames, index: int, rng: np.random.Generator) -> np.ndarray | None:
    """The largest object of another frame, where this one has none; None if there is no such place."""
    other = _another(frames, index)
    thing = _largest_object(frames.labels[other])
    if thing is None or (np.isin(frames.labels[index], OBJECTS) & _grown(thing)).sum() > 0.05 * thing.sum():
        return None
    return np.where(thing[..., None], frames.rgb[other], frames.rgb[index])


def object_erased(frames: LabelledFrames, index: int, rng: np.random.Generator) -> np.ndarray | None:
    """The largest object painted over from its surroundings (Telea 2004)."""
    thing = _largest_object(frames.labels[index])
    if thing is None:
        return None
    return cv2.inpaint(frames.rgb[index], _grown(thing).astype(np.uint8), 5, cv2.INPAINT_TELEA)


def shifted(frames: LabelledFrames, index: int, rng: np.random.Generator) -> np.ndarray:
    """Everything SHIFT pixels to one side."""
    shift = SHIFT if rng.random() < 0.5 else -SHIFT
    return np.roll(frames.rgb[index], shift, axis=1)


def another_frame(frames: LabelledFrames, index: int, rng: np.random.Generator) -> np.ndarray:
    return frames.rgb[_another(frames, index)]


def noise(frames: LabelledFrames, index: int, rng: np.random.Generator) -> np.ndarray:
    """Buried in it."""
    image = frames.rgb[index]
    return np.clip(0.3 * image + rng.normal(0, 80, image.shape), 0, 255).astype(np.uint8)


def black(frames: LabelledFrames, index: int, rng: np.random.Generator) -> np.ndarray:
    """Almost."""
    return (frames.rgb[index] * 0.02).astype(np.uint8)


IN_THE_SCENE: dict[str, Fault] = {
    "object pasted": object_pasted,
    "object erased": object_erased,
    "geometry shifted": shifted,
    "another frame": another_frame,
}
OF_THE_PICTURE: dict[str, Fault] = {"buried in noise": noise, "almost black": black}


def _another(frames: LabelledFrames, index: int) -> int:
    return (index + FAR * frames.frames_a_scene) % len(frames.rgb)


def _largest_object(labels: np.ndarray) -> np.ndarray | None:
    """The largest object of at least a hundredth of the picture, [H, W]."""
    things = [area for area in areas(np.isin(labels, OBJECTS)) if area.mean() > 0.01]
    return max(things, key=np.sum) if things else None


def _grown(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
