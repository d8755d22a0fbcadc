"""What a decoder says of a scan: a distribution a beam."""

from dataclasses import dataclass

from torch import Tensor, nn

from genmodels_ros.models.world_model.fan import symexp, symlog

LEAST_SCALE = 0.002  # symlog m: a millimetre or so near the robot


@dataclass(frozen=True)
class ScanDistribution:
    """A Laplace distribution a beam in symlog metres."""

    median: Tensor  # [B, N] symlog m
    scale: Tensor  # [B, N]
    mix: Tensor  # [B, N, 3] weights of the scan as it stood, as it moved on, and of what stands still alone
    correction: Tensor  # [B, N] symlog m

    def log_prob(self, ranges: Tensor) -> Tensor:
        """log density [B, N] of ranges in metres, in symlog space."""
        return -(symlog(ranges) - self.median).abs() / self.scale - (2 * self.scale).log()

    @property
    def ranges(self) -> Tensor:
        """The median in metres."""
        return symexp(self.median.clamp(min=0))

    @property
    def std(self) -> Tensor:
        """Standard deviation in metres, to first order."""
        return 2**0.5 * self.scale * (1 + self.ranges)


def scale_from(raw: Tensor) -> Tensor:
    """Positive scales from a network's output."""
    return nn.functional.softplus(raw) + LEAST_SCALE
