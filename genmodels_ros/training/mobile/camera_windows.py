"""Windows of camera drives, varied so that little of one place, camera or car is left to learn by heart.

Each window is mirrored (with its steering), cropped and scaled, its colours mixed, its brightness and contrast changed,
its frames taken one or two apart, and its throttle and steering scaled: how fast a car goes at some throttle is for the
model to see, not to know. Some windows stand still: a recording in which a car never does would teach that it cannot.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.image_drives import ImageDrive
from genmodels_ros.models.camera_world_model.frame_encoder import GRID, SIZE
from genmodels_ros.models.camera_world_model.measured_motion import measure_motion
from genmodels_ros.models.camera_world_model.motion_field import pixel_grid, sample

STORED, STORED_GRID = (80, 100), (20, 25)  # of the drives that windows are cropped from, and of their measured motion
STRIDES = (1, 2)  # frames apart
STANDING = 0.12  # share of windows that show a robot that stands still, whatever it is told
NO_ACTION = 0.1  # share of windows whose actions are hidden


@dataclass(frozen=True)
class Window:
    """T frames of B drives. `actions` and `seconds` [B, T - 1] lead from each frame to the next."""

    images: Tensor  # [B, T, 3, *SIZE] in [0, 1]
    actions: Tensor  # [B, T - 1, 2]
    seconds: Tensor  # [B, T - 1]
    flow: Tensor  # [B, T - 1, 2, *GRID] measured from each frame but the first to the one before
    unexplained: Tensor  # [B, T - 1, 1, *GRID] difference of brightness it leaves

    def to(self, device: torch.device) -> "Window":
        """The window on another device."""
        return Window(*(getattr(self, each.name).to(device) for each in fields(self)))

    def part(self, rows: slice) -> "Window":
        """Some of the frames, in a row."""
        between = slice(rows.start, rows.stop - 1)
        rest = (values[:, between] for values in (self.actions, self.seconds, self.flow, self.unexplained))
        return Window(self.images[:, rows], *rest)


class CameraWindows:
    """Windows of `length` frames from drives at STORED size."""

    def __init__(self, drives: list[ImageDrive], length: int):
        self.length = length
        self.drives = [drive for drive in drives if len(drive.images) >= length]
        self.motions = [{stride: _motions(drive.images, stride) for stride in STRIDES} for drive in self.drives]
        starts = [(i, row) for i, d in enumerate(self.drives) for row in range(len(d.images) - length + 1)]
        self.starts = np.array(starts).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.starts)

    def sample(self, batch: int, rng: torch.Generator) -> Window:
        """Varied windows from random places."""
        picks = torch.randint(len(self), (batch,), generator=rng).tolist()
        strides = torch.rand(batch, generator=rng).lt(0.25).int().add(1).tolist()
        window = _stack([self._rows(*self.starts[i], stride) for i, stride in zip(picks, strides, strict=True)])
        return augment(stand(window, rng), rng)

    def window(self, rows: np.ndarray) -> Window:
        """The windows with these numbers, as they are."""
        return _resampled(self._raw(rows), torch.zeros(len(rows), 2), torch.ones(len(rows), 2))

    def _raw(self, rows) -> Window:
        return _stack([self._rows(*self.starts[i], 1) for i in rows])

    def _rows(self, drive: int, row: int, stride: int) -> tuple[Tensor, ...]:
        source = self.drives[drive]
        if row + stride * (self.length - 1) >= len(source.images):
            stride = 1
        rows = slice(row, row + stride * (self.length - 1) + 1, stride)
        motion = self.motions[drive][stride][rows][1:].float()
        images = torch.from_numpy(source.images[rows]).permute(0, 3, 1, 2)
        actions, seconds = source.actions[rows][:-1], np.diff(source.stamps[rows])
        return (
            images,
            torch.from_numpy(actions).float(),
            torch.from_numpy(seconds).float(),
            *motion.split((2, 1), dim=1),
        )


def _motions(images: np.ndarray, stride: int) -> Tensor:
    """Flow and what it leaves [N, 3, *STORED_GRID] from each frame to the one `stride` before; 0 for the first ones."""
    motions = [torch.zeros(min(stride, len(images)), 3, *STORED_GRID)]
    for first in range(stride, len(images), 64):
        rows = np.arange(first, min(first + 64, len(images)))
        now, before = (torch.from_numpy(images[r]).permute(0, 3, 1, 2).float() / 255 for r in (rows, rows - stride))
        motions.append(torch.cat(measure_motion(now, before, STORED_GRID), dim=1))
    return torch.cat(motions).half()


def _stack(rows: list) -> Window:
    return Window(*(torch.stack(values) for values in zip(*rows, strict=True)))


def stand(window: Window, rng: torch.Generator) -> Window:
    """The same windows, of which some show their first frame all along."""
    still = torch.rand(len(window.images), generator=rng) < STANDING
    chosen = still[:, None, None, None, None]
    images = torch.where(chosen, window.images[:, :1], window.images)
    flow, unexplained = (torch.where(chosen, 0.0, values) for values in (window.flow, window.unexplained))
    return replace(window, images=images, flow=flow, unexplained=unexplained)


def augment(window: Window, rng: torch.Generator) -> Window:
    """The same windows of another car, camera and light."""
    batch = len(window.images)
    uniform = lambda low, high, *shape: low + (high - low) * torch.rand(batch, *shape, generator=rng)  # noqa: E731
    scale = uniform(0.72, 1.0, 1) * uniform(0.93, 1.07, 2)
    scale = scale.clamp(max=1.0)
    centre = (1 - scale) * uniform(-1, 1, 2)
    mirror = torch.where(torch.rand(batch, generator=rng) < 0.5, -1.0, 1.0)
    scale = scale * torch.stack([mirror, torch.ones(batch)], 1)
    window = _resampled(window, centre, scale)
    actions = window.actions * torch.stack([uniform(0.5, 1.5), mirror * uniform(0.6, 1.4)], 1)[:, None]
    throttle_sign = torch.where(torch.rand(batch, generator=rng) < 0.3, -1.0, 1.0)
    seen = (torch.rand(batch, generator=rng) >= NO_ACTION).float()
    actions = actions * torch.stack([throttle_sign * seen, seen], 1)[:, None]
    return replace(window, images=_recoloured(window.images, rng), actions=actions)


def _resampled(window: Window, centre: Tensor, scale: Tensor) -> Window:
    """Images at SIZE of the part around `centre` [B, 2] (x, y), `scale` [B, 2] of the whole; negative mirrors."""
    images = _part(window.images.float() / 255, centre, scale, SIZE)
    flow = _part(window.flow, centre, scale, GRID) / scale[:, None, :, None, None]
    unexplained = _part(window.unexplained, centre, scale, GRID)
    return replace(window, images=images, flow=flow, unexplained=unexplained)


def _part(maps: Tensor, centre: Tensor, scale: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, T, C, H, W] → [B, T, C, *size]."""
    positions = centre[:, :, None, None] + scale[:, :, None, None] * pixel_grid(*size, centre)
    return sample(maps.flatten(1, 2), positions).unflatten(1, maps.shape[1:3])


def _recoloured(images: Tensor, rng: torch.Generator) -> Tensor:
    """Channels mixed and sometimes exchanged, gamma, contrast and brightness, alike in all frames of a window."""
    batch = len(images)
    uniform = lambda low, high: low + (high - low) * torch.rand(batch, 1, 1, 1, 1, generator=rng)  # noqa: E731
    mixing = torch.eye(3) + 0.15 * torch.randn(batch, 3, 3, generator=rng)
    order = torch.stack([torch.randperm(3, generator=rng) for _ in range(batch)])
    exchanged = torch.rand(batch, 1, 1, generator=rng) < 0.3
    mixing = torch.where(exchanged, mixing.gather(1, order[..., None].expand(-1, -1, 3)), mixing)
    mixing = mixing / mixing.sum(-1, keepdim=True).clamp(min=0.3)
    images = torch.einsum("bij,btjhw->btihw", mixing, images).clamp(1e-3, 1)
    images = images ** torch.exp(uniform(-0.5, 0.5))
    return (uniform(0.7, 1.2) * (images - 0.5) + 0.5 + uniform(-0.12, 0.12)).clamp(0, 1)
