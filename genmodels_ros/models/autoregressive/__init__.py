"""Autoregressive models of vectors: one number after the other."""

from genmodels_ros.models.autoregressive.model import Autoregressive, AutoregressiveConfig

__all__ = ["Autoregressive", "AutoregressiveConfig"]
