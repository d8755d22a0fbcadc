"""Trains the segmenter that the quality gate asks: what is to be seen, in any light of simulation/camera/styles.py?

It learns from labelled frames of the simulated camera, a third of them plain and the rest as a style's physics shows
them, since it is to know an object by night as well as by day. It serves to judge pictures, never to label them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.data.image_shards import load_data_card, load_shards
from genmodels_ros.device import resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.segmenter import Segmenter
from genmodels_ros.simulation.camera.styles import STYLES, render_style
from genmodels_ros.training.camera.segmentation import Batch, as_tensor, class_weights, fit

SHARD = "labelled"  # its name in data/image_shards.py
VIEWS = 3  # plain, and two styles drawn for each frame
NOISE, EXPOSURE = 0.06, (0.5, 1.5)  # of the disturbance on top: pictures to be judged are never quite the physics'
CLASSES = 6  # of simulation/scenes.py: LabelClass


def views(rgb: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[VIEWS, N, H, W, 3]: the frames, and each under styles drawn at random."""
    names = list(STYLES)
    styled = [
        np.stack([render_style(names[rng.integers(len(names))], *one, rng) for one in zip(rgb, depth, strict=True)])
        for _ in range(VIEWS - 1)
    ]
    return np.stack([rgb, *styled])


def drawn(pictures: np.ndarray, labels: np.ndarray, size: int, rng: np.random.Generator) -> Batch:
    """A batch of `size` frames, each in one of its views, mirrored, its exposure and noise disturbed at random."""
    index = rng.integers(len(labels), size=size)
    images, masks = pictures[rng.integers(len(pictures), size=size), index].astype(np.float32), labels[index].copy()
    for i in np.flatnonzero(rng.random(size) < 0.5):
        images[i], masks[i] = images[i, :, ::-1], masks[i, :, ::-1]
    images *= rng.uniform(*EXPOSURE, size=(size, 1, 1, 1)).astype(np.float32)
    deviation = 255 * rng.uniform(0, NOISE, size=(size, 1, 1, 1)).astype(np.float32)
    images += deviation * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images, 0, 255).astype(np.uint8), masks


def train(
    *,
    data: Path,
    out: Path,
    steps: int,
    batch_size: int = 16,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
) -> Card:
    """Trains on the "labelled" shards in `data` and writes the network to `out`.

    Raises GenModelsError(MODEL_UNAVAILABLE) for `resume`: a run takes minutes and keeps no state.
    """
    if resume:
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, "A segmenter's training cannot be resumed: start it again.")
    place = resolve_device(device)
    frames = load_shards(data, SHARD)
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)  # initial weights
    pictures = views(frames["rgb"], frames["depth"].astype(np.float32), rng)
    config = {"num_classes": CLASSES}
    model = fit(
        Segmenter(**config),
        lambda: drawn(pictures, frames["labels"], batch_size, rng),
        steps=steps,
        weights=class_weights(frames["labels"], CLASSES),
        device=place,
    )
    card = Card(
        model="segmenter",
        config=config,
        data=load_data_card(data),
        command=f"genmodels train segmenter --data DATA --out OUT "
        f"--steps {steps} --batch-size {batch_size} --seed {seed}",
        seed=seed,
        steps=steps,
    )
    return save_checkpoint(out, model, replace(card, metrics=accuracy(model, pictures, frames["labels"])))


@torch.inference_mode()
def accuracy(model: Segmenter, pictures: np.ndarray, labels: np.ndarray, count: int = 96) -> dict[str, float]:
    """Share of pixels right on the first training frames, plain and in other light."""
    model = model.cpu()
    plain, styled = (
        float((model.probabilities(as_tensor(p[:count])).argmax(1).numpy() == labels[:count]).mean())
        for p in pictures[:2]
    )
    return {"training_pixels_right_plain": round(plain, 4), "training_pixels_right_styled": round(styled, 4)}
