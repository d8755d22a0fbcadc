"""Generative models for robots: arm trajectories by diffusion, a VAE world model, a GAN image augmenter."""

__version__ = "0.8.0"
