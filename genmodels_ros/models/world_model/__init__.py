"""The world model of a mobile robot with a planar lidar: a variational autoencoder with action-conditioned dynamics."""

from genmodels_ros.models.world_model.model import ScanWorldModel

__all__ = ["ScanWorldModel"]
