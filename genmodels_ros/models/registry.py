"""The models by name. One line each; modules are imported when first asked for, so that a node loads only its own."""

from importlib import import_module

from torch import nn

MODELS = {
    "trajectory_diffusion": "genmodels_ros.models.diffusion:TrajectoryDiffusion",
    "scan_world_model": "genmodels_ros.models.world_model:ScanWorldModel",
    "image_world_model": "genmodels_ros.models.camera_world_model:ImageWorldModel",
    "image_translation_gan": "genmodels_ros.models.gan:ImageTranslationGAN",
    "image_synthesis_gan": "genmodels_ros.models.gan.synthesis:ImageSynthesisGAN",
    "image_completion_gan": "genmodels_ros.models.gan.inpainter:ImageCompletionGAN",
    "segmenter": "genmodels_ros.models.segmenter:Segmenter",
    "family": "genmodels_ros.models.standardised:Standardised",
    "stream_density": "genmodels_ros.models.whitened:Whitened",
}
# The families of models/family.py, by the name that `genmodels fit --family` takes.
FAMILIES = {
    "flow": "genmodels_ros.models.flow:NormalizingFlow",
    "mixture": "genmodels_ros.models.mixture:GaussianMixture",
    "vae": "genmodels_ros.models.vae:VariationalAutoencoder",
    "gan": "genmodels_ros.models.gan.vectors:VectorGAN",
    "diffusion": "genmodels_ros.models.diffusion:VectorDiffusion",
    "autoregressive": "genmodels_ros.models.autoregressive:Autoregressive",
}


def model_class(name: str) -> type[nn.Module]:
    """The class registered under `name`; it has `from_config(dict)`. Raises ValueError naming what exists."""
    return _named(name, MODELS, "model")


def family_class(name: str) -> type[nn.Module]:
    """A subclass of models.family.Family. Raises ValueError naming what exists."""
    return _named(name, FAMILIES, "family")


def _named(name: str, table: dict[str, str], kind: str) -> type[nn.Module]:
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(table)}")
    module, attribute = table[name].split(":")
    return getattr(import_module(module), attribute)
