"""What an image shows, and how the camera moved since the one before."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from genmodels_ros.models.camera_world_model.measured_motion import measure_motion
from genmodels_ros.models.camera_world_model.motion_field import quadratic_fit

SIZE = (64, 80)  # pixels, rows and columns, of the images that the networks see
GRID = (16, 20)  # of the coarse fields
TIME_STEP = 0.05  # [s] between two images of a usual recording; motion is counted in it
MOTION_UNIT = 0.1  # of half an image: a motion of 1
SHORTEST = 0.02  # [s] less lies between images only by a late or early clock


@dataclass(frozen=True)
class Motion:
    """What moved between two images, on the coarse grid."""

    rate: Tensor  # [B, 2, *GRID] backward flow a TIME_STEP, normalised coordinates
    unexplained: Tensor  # [B, 1, *GRID] mean difference of brightness that it leaves

    @classmethod
    def measured(cls, now: Tensor, before: Tensor, seconds: Tensor) -> "Motion":
        """Between images [B, 3, *SIZE] that are `seconds` [B] apart."""
        return cls.of_flow(*measure_motion(now, before, GRID), seconds)

    @classmethod
    def of_flow(cls, flow: Tensor, unexplained: Tensor, seconds: Tensor) -> "Motion":
        """From the flow [B, 2, *GRID] over `seconds` [B]."""
        return cls(flow * (TIME_STEP / seconds.clamp(min=SHORTEST))[:, None, None, None], unexplained)

    @classmethod
    def none(cls, images: Tensor) -> "Motion":
        """Of images [B, ...] without one before."""
        zeros = images.new_zeros(len(images), 3, *GRID)
        return cls(zeros[:, :2], zeros[:, 2:])


@dataclass(frozen=True)
class Frame:
    """What the encoder makes of an image and the motion that led to it."""

    summary: Tensor  # [B, S]
    maps: Tensor  # [B, C, *GRID]
    motion: Motion

    def map(self, function) -> "Frame":
        """The frame with the same function applied to each array."""
        motion = Motion(function(self.motion.rate), function(self.motion.unexplained))
        return Frame(function(self.summary), function(self.maps), motion)


class FrameEncoder(nn.Module):
    """Convolutions over the image and the measured motion; the motion as a whole also as a quadratic field."""

    def __init__(self, channels: int, summary: int):
        super().__init__()
        self.map_channels = 3 * channels + 3
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.SiLU(), nn.Conv2d(16, channels, 3, stride=2, padding=1)
        )
        self.joint = nn.Conv2d(channels + 3, 2 * channels, 3, stride=2, padding=1)
        self.coarse = nn.Conv2d(2 * channels, 2 * channels, 3, stride=2, padding=1)
        self.summary = nn.Linear(2 * channels * (GRID[0] // 4) * (GRID[1] // 4) + 12, summary)

    def forward(self, images: Tensor, motion: Motion) -> Frame:
        """Images [B, 3, *SIZE] in [0, 1] and the motion that led to them."""
        features = self.stem(2 * images - 1)
        moved = torch.cat([(motion.rate / MOTION_UNIT).clamp(-5, 5), 10 * motion.unexplained], dim=1)
        joint = nn.functional.silu(self.joint(torch.cat([features, moved], dim=1)))
        coarse = nn.functional.silu(self.coarse(joint)).flatten(1)
        fit = quadratic_fit(motion.rate).flatten(1) / MOTION_UNIT
        summary = self.summary(torch.cat([coarse, fit.clamp(-5, 5)], dim=1))
        wide = interpolate(joint, GRID, mode="bilinear", align_corners=False)
        return Frame(summary, torch.cat([features, wide, moved], dim=1), motion)
