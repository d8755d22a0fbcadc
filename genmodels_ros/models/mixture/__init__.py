"""The Gaussian mixture: exact densities, exact conditioning, no network."""

from genmodels_ros.models.mixture.model import GaussianMixture, GaussianMixtureConfig

__all__ = ["GaussianMixture", "GaussianMixtureConfig"]
