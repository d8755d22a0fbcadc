"""Trains a steering regressor on labelled pictures, some of them perhaps replaced by synthetic variants."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.models.steering import HEIGHT, WIDTH, SteeringNetwork
from genmodels_ros.training.loop import cosine_learning_rate, set_learning_rate


@dataclass(frozen=True)
class SteeringData:
    """images uint8 [N, 3, HEIGHT, WIDTH]; steering [N] float32 in [-1, 1], positive to the right.

    variants: further pictures of the same N scenes, [V, N, 3, HEIGHT, WIDTH]; with them a drawn picture lies anywhere,
    evenly, between itself and a random one of its variants.
    """

    images: Tensor
    steering: Tensor
    variants: Tensor | None = None

    def batch(self, size: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """([B, 3, HEIGHT, WIDTH] in [0, 1], [B]), half of them mirrored, and steering with them."""
        chosen = torch.randint(len(self.images), (size,), generator=rng)
        images = self.images[chosen].float()
        if self.variants is not None:
            which = torch.randint(len(self.variants), (size,), generator=rng)
            strength = torch.rand(size, 1, 1, 1, generator=rng)
            images = torch.lerp(images, self.variants[which, chosen].float(), strength)
        mirrored = torch.rand(size, generator=rng) < 0.5
        images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images) / 255
        return images, torch.where(mirrored, -self.steering[chosen], self.steering[chosen])


def reduced(rgb: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] of any size → uint8 [N, 3, HEIGHT, WIDTH], area-averaged."""
    parts = [
        F.adaptive_avg_pool2d(torch.from_numpy(part).permute(0, 3, 1, 2).float(), (HEIGHT, WIDTH)).round().byte()
        for part in np.array_split(rgb, -(-len(rgb) // 512))
    ]
    return torch.cat(parts)


def train_steering(
    data: SteeringData,
    *,
    steps: int,
    seed: int,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    batch_size: int = 32,
    rate: float = 1.5e-3,
) -> SteeringNetwork:
    """Mean squared error, Adam; `augment(images, rng)` changes each batch. The same arguments, the same network."""
    torch.manual_seed(seed)  # initial weights and dropout
    rng = torch.Generator().manual_seed(seed)
    model = SteeringNetwork()
    optimizer = torch.optim.Adam(model.parameters(), rate, weight_decay=1e-4)
    for step in range(steps):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, rate, warmup=min(50, steps // 10)))
        images, steering = data.batch(batch_size, rng)
        if augment is not None:
            images = augment(images, rng)
        loss = F.mse_loss(model(images), steering)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return model.eval()


@torch.inference_mode()
def predict(model: SteeringNetwork, images: Tensor) -> np.ndarray:
    """Steering [N] of uint8 [N, 3, HEIGHT, WIDTH]."""
    return torch.cat([model(part.float() / 255) for part in images.split(256)]).numpy()
