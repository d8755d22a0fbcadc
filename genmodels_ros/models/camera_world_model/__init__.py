"""The world model of a mobile robot's camera: a variational autoencoder whose decoder moves the last image."""

from genmodels_ros.models.camera_world_model.model import ImageWorldModel

__all__ = ["ImageWorldModel"]
