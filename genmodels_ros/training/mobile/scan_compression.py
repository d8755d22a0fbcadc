"""Fits the code of scans: any family with a latent, on scans turned to random headings.

A robot may look anywhere, so a turned scan is as likely as the scan itself: every row is learnt at several headings.
"""

import numpy as np

from genmodels_ros.data.scan_vectors import ScanFeatures
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.pipelines.mobile.scan_compression import FEATURES, ScanCompressor
from genmodels_ros.training.fitting import FitOptions, Fitted, fit

HEADINGS = 4  # of every scan
SETTINGS = {"width": 128, "layers": 2}


def turned_scans(scans: np.ndarray, features: ScanFeatures, seed: int = 0) -> Vectors:
    """x [HEADINGS N, beams] of closed scans [N, B]."""
    rng = np.random.default_rng(seed)
    count, beams = scans.shape
    shifts = rng.integers(beams, size=(HEADINGS, count, 1))
    turned = np.take_along_axis(
        np.broadcast_to(scans, (HEADINGS, count, beams)), (np.arange(beams) + shifts) % beams, 2
    )
    return features.vectors(turned.reshape(-1, beams))


def fit_compressor(
    data: Vectors,
    features: ScanFeatures,
    settings: dict,
    options: FitOptions,
    family: str = "vae",
) -> tuple[ScanCompressor, Fitted]:
    """On `turned_scans`. settings: of the family, over SETTINGS. Raises GenModelsError as `fit`."""
    fitted = fit(family, data, SETTINGS | settings, options, described={FEATURES: features.settings()})
    return ScanCompressor(fitted.model, features), fitted
