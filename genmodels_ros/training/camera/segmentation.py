"""Trains a segmenter on labelled frames that an arm of an experiment, or an augmenter, hands it batch by batch."""

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.models.segmenter import STRIDE, Segmenter
from genmodels_ros.training.loop import cosine_learning_rate, set_learning_rate

Batch = tuple[np.ndarray, np.ndarray]  # images uint8 [B, H, W, 3], labels uint8 [B, H, W]
WARMUP = 20  # steps


def as_tensor(images: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] → [B, 3, H, W] in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255


def class_weights(labels: np.ndarray, num_classes: int) -> Tensor:
    """Weights [num_classes] of the loss that fall with the root of a class's share, so that small things count."""
    share = np.bincount(labels.ravel(), minlength=num_classes)[:num_classes] / labels.size
    weights = 1 / np.sqrt(np.maximum(share, 1e-3))
    return torch.tensor(weights / weights.mean(), dtype=torch.float32)


def fit(
    model: Segmenter,
    draw: Callable[[], Batch],
    *,
    steps: int,
    weights: Tensor,
    rate: float = 3e-3,
    device: torch.device | str = "cpu",
) -> Segmenter:
    """`steps` of AdamW on the batches that `draw()` gives, weighted cross-entropy, half a cosine; returns the model.

    weights: of each class [C]

    float32 on a CPU, where small convolutions are a fifth faster than in bfloat16; bfloat16 elsewhere but for the loss.
    """
    place = torch.device(device)
    model, weights = model.to(place).train(), weights.to(place)
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-3)
    for step in range(steps):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, rate, warmup=min(WARMUP, steps)))
        images, labels = draw()
        with torch.autocast(place.type, torch.bfloat16, enabled=place.type != "cpu"):
            logits = model(as_tensor(images).to(place))
        target = torch.from_numpy(labels[:, ::STRIDE, ::STRIDE].astype(np.int64)).to(place)
        loss = F.cross_entropy(logits.float(), target, weight=weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return model.eval()


def interpolated(start: Segmenter, end: Segmenter, share: float) -> Segmenter:
    """start + share (end − start) in all weights and batch statistics (WiSE-FT, Wortsman et al. 2022), to predict with.

    `end` must have been trained on from `start`: only then does the straight way between them stay where both are good.
    """
    middle = copy.deepcopy(end)
    there = end.state_dict()
    between = {
        name: torch.lerp(value, there[name], share) if value.is_floating_point() else there[name]
        for name, value in start.state_dict().items()
    }
    middle.load_state_dict(between)
    return middle.eval()


@torch.inference_mode()
def in_batches(model: Segmenter, images: np.ndarray, read: Callable[[Tensor], Tensor], batch_size: int = 32) -> Tensor:
    """read(images as a tensor on the model's device) of uint8 [N, H, W, 3], batch by batch, on the CPU."""
    device = next(model.parameters()).device
    starts = range(0, len(images), batch_size)
    return torch.cat([read(as_tensor(images[i : i + batch_size]).to(device)).cpu() for i in starts])


def predict(model: Segmenter, images: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """The most probable class of every pixel: uint8 [N, H, W, 3] → uint8 [N, H, W]."""

    def classes(batch: Tensor) -> Tensor:
        return model.probabilities(batch).argmax(dim=1).to(torch.uint8)

    return in_batches(model, images, classes, batch_size).numpy()
