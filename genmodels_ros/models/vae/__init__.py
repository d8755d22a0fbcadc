"""Variational autoencoders of vectors."""

from genmodels_ros.models.vae.model import VariationalAutoencoder, VariationalAutoencoderConfig

__all__ = ["VariationalAutoencoder", "VariationalAutoencoderConfig"]
