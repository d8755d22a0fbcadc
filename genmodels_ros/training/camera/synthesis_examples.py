"""What pure synthesis learns from: pictures of one size, with their masks as further channels where there are any."""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.training.camera.own_pictures import read_pictures

MIN_PICTURES = 200


@dataclass(frozen=True)
class SynthesisExamples:
    """rgb uint8 [N, 3, H, W] and, with two label values or more, the class [N, H, W] of each pixel."""

    rgb: Tensor
    classes: Tensor | None
    values: tuple[int, ...]

    @classmethod
    def load(
        cls, data: Path, labels: Path | None, height: int, width: int, device: torch.device
    ) -> "SynthesisExamples":
        """Raises GenModelsError(INVALID_IMAGE) for fewer than MIN_PICTURES, LABEL_MISMATCH."""
        found = read_pictures(data, minimum=MIN_PICTURES, height=height, width=width, labels=labels)
        values, classes = ((), None) if found.labels is None else found.labels.unique(return_inverse=True)
        if len(values) < 2:
            return cls(found.rgb.to(device), None, ())
        return cls(found.rgb.to(device), classes.to(device), tuple(int(value) for value in values))

    def tensor(self, chosen: Tensor) -> Tensor:
        """[B, 3 + classes, H, W]: colours in [0, 1] and the mask one-hot."""
        rgb = self.rgb[chosen].float() / 255
        if self.classes is None:
            return rgb
        return torch.cat([rgb, F.one_hot(self.classes[chosen], len(self.values)).permute(0, 3, 1, 2).to(rgb)], dim=1)

    def batch(self, size: int, rng: torch.Generator) -> Tensor:
        """Drawn at random, mirrored at random."""
        images = self.tensor(torch.randint(len(self.rgb), (size,), generator=rng))
        mirrored = (torch.rand(size, 1, 1, 1, generator=rng) < 0.5).to(images.device)
        return torch.where(mirrored, images.flip(-1), images)


def decided(images: Tensor) -> Tensor:
    """The likeliest class one-hot, with the gradient of its probability: else D would know masks by their doubts."""
    if images.shape[1] == 3:
        return images
    probabilities = images[:, 3:]
    hard = (probabilities == probabilities.amax(dim=1, keepdim=True)).to(images)  # five times as fast as argmax
    return torch.cat([images[:, :3], probabilities + (hard - probabilities).detach()], dim=1)
