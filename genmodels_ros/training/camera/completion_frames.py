"""Pictures to learn completion from: simulated shards and any images, folders, bags or tubs, cropped at random."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.image_shards import load_shards
from genmodels_ros.data.images import open_images
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.training.camera.hole_masks import random_hole

CROP = 64  # pixels
HELD_OUT = 0.1  # the last part of each recording or folder is never trained on
MOST = 6000  # frames kept of one source, spread over it
LONGEST = 160  # pixels of the longer side of what is kept
FEWEST = 20


@dataclass(frozen=True)
class CompletionFrames:
    """groups: uint8 [N, H, W, 3], one for each source; each source is drawn from equally often."""

    groups: tuple[np.ndarray, ...]

    @classmethod
    def load(cls, data: Path, images: tuple[Path, ...] = ()) -> "CompletionFrames":
        """data: folder of shards, or what `open_images` reads; images: more of the latter.

        Raises GenModelsError(INVALID_IMAGE) for a source with fewer than FEWEST usable frames.
        """
        has_shards = any(Path(data).glob("source-*.npz"))
        groups = [load_shards(data, "source")["rgb"]] if has_shards else [training_part(recorded_frames(data))]
        groups += [training_part(recorded_frames(path)) for path in images]
        return cls(tuple(groups))

    def sample(self, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(image [B, 3, CROP, CROP] in [0, 1], hole [B, 1, CROP, CROP])."""
        crops = [self._crop(rng) for _ in range(size)]
        holes = [random_hole(CROP, CROP, rng) for _ in range(size)]
        images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
        return images, torch.from_numpy(np.stack(holes))[:, None].float()

    def _crop(self, rng: np.random.Generator) -> np.ndarray:
        """A window of its own, mirrored at random; a smaller frame is repeated beyond its border, mirrored."""
        group = self.groups[rng.integers(len(self.groups))]
        frame = group[rng.integers(len(group))]
        missing = [max(0, CROP - side) for side in frame.shape[:2]]
        if any(missing):
            frame = np.pad(frame, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
        top, left = (rng.integers(side - CROP + 1) for side in frame.shape[:2])
        crop = frame[top : top + CROP, left : left + CROP]
        return crop[:, ::-1] if rng.random() < 0.5 else crop


def recorded_frames(path: Path) -> np.ndarray:
    """uint8 [N, H, W, 3] of one source in its order, area-averaged to LONGEST; frames of another size are left out."""
    source = open_images(Path(path))
    stride = max(1, -(-source.count // MOST))
    frames = [
        _reduced(item.image) for i, item in enumerate(source.images()) if item.image is not None and not i % stride
    ]
    alike = [frame for frame in frames if frame.shape == frames[0].shape]
    if len(alike) < FEWEST:
        raise GenModelsError(
            ErrorCode.INVALID_IMAGE,
            f"{path} has {len(alike)} usable images of one size; give at least {FEWEST}.",
        )
    return np.stack(alike)


def training_part(frames: np.ndarray) -> np.ndarray:
    """All but the last frames."""
    return frames[: len(frames) - held_out_count(frames)]


def held_out_part(frames: np.ndarray) -> np.ndarray:
    """The last frames, which training never sees: later in time, so that no neighbour of theirs was seen."""
    return frames[len(frames) - held_out_count(frames) :]


def held_out_count(frames: np.ndarray) -> int:
    return max(1, round(HELD_OUT * len(frames)))


def _reduced(image: np.ndarray) -> np.ndarray:
    """By an area average, which needs nothing but torch."""
    height, width = image.shape[:2]
    scale = LONGEST / max(height, width)
    if scale >= 1:
        return image
    channels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
    size = max(1, round(height * scale)), max(1, round(width * scale))
    small = torch.nn.functional.adaptive_avg_pool2d(channels, size)
    return small[0].permute(1, 2, 0).round().to(torch.uint8).numpy()
