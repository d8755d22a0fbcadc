"""A lidar scan as a few numbers: encoded, decoded, scored, and turned clearer or more cluttered.

scan [B] m  →  features (data/scan_vectors.py)  →  z [L]  →  features  →  ranges [beams] m
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genmodels_ros.data.scan_vectors import ScanFeatures
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import load_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.models.vae.latent_space import direction, spherical

FEATURES = "scan_features"  # where the data card of a checkpoint holds their settings
NEAR = 1.5  # m: beams that end below it are clutter
OUTER = 0.25  # share of the scans that count as cluttered, and as clear


def clutter(ranges: np.ndarray) -> np.ndarray:
    """[N] share of the beams of ranges [N, B] that end nearer than NEAR."""
    return (np.asarray(ranges) < NEAR).mean(axis=1)


@dataclass(frozen=True)
class ScanCompressor:
    """A family with a latent (VAE, flow) fitted to the features of scans. Arrays are float32, ranges in m.

    Methods raise GenModelsError(INVALID_DATA) for scans without a measured beam.
    """

    model: Standardised
    features: ScanFeatures

    @classmethod
    def from_checkpoint(cls, folder: Path) -> "ScanCompressor":
        """Raises GenModelsError(MODEL_UNAVAILABLE) for what was not fitted to scans."""
        model, card = load_checkpoint(Path(folder), "family")
        if FEATURES not in card.data or not model.can("encode"):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"{folder} was not fitted to scans or has no latent: use training/mobile/scan_compression.py.",
            )
        return cls(model, ScanFeatures(**card.data[FEATURES]))

    @torch.no_grad()
    def encode(self, scans: np.ndarray) -> np.ndarray:
        """z [N, L] of scans [N, B]."""
        return self.model.encode(self._inner(scans)).numpy()

    @torch.no_grad()
    def decode(self, z: np.ndarray) -> np.ndarray:
        """Ranges [N, beams] of z [N, L]."""
        return self.features.ranges(self.model.decode(torch.as_tensor(z, dtype=torch.float32)).numpy())

    def reconstruct(self, scans: np.ndarray) -> np.ndarray:
        """Ranges [N, beams]: what the code keeps of scans [N, B]."""
        return self.decode(self.encode(scans))

    @torch.no_grad()
    def anomaly(self, scans: np.ndarray) -> np.ndarray:
        """[N] nats: -log p of each scan, at least; high where no such scan was learnt from."""
        return -self.model.log_prob(self._inner(scans)).numpy()

    def clutter_direction(self, scans: np.ndarray) -> np.ndarray:
        """[L] from the clearest to the most cluttered quarter of scans [N, B]: z + a times it is more cluttered.

        Raises GenModelsError(INVALID_DATA) where all scans are as cluttered.
        """
        share = clutter(self.features.ranges(self.features.features(scans)))
        low, high = np.quantile(share, (OUTER, 1 - OUTER))
        outer = (share <= low) | (share >= high)
        return direction(
            torch.as_tensor(self.encode(scans[outer])), torch.as_tensor(share[outer] > (low + high) / 2)
        ).numpy()

    def between(self, first: np.ndarray, second: np.ndarray, steps: int) -> np.ndarray:
        """Ranges [steps, beams] on the arc between the codes of two scans [B]."""
        z = torch.as_tensor(self.encode(np.stack([first, second])))
        return self.decode(spherical(z[0], z[1], steps).numpy())

    def _inner(self, scans: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(self.features.features(scans))
