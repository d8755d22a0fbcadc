"""Normalizing flows of vectors."""

from genmodels_ros.models.flow.model import NormalizingFlow, NormalizingFlowConfig

__all__ = ["NormalizingFlow", "NormalizingFlowConfig"]
