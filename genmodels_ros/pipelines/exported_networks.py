"""What is exported of each model: the network that is called again and again, its inputs, outputs and their meaning."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.models.world_model.model import ScanWorldModel, State

HORIZON = 14  # steps of the world model's rollout


@dataclass(frozen=True)
class Part:
    """network: takes `inputs` in their order, returns tensors called `outputs`.

    dynamic: input → axis → name of a size that may change; meaning: of every input and output, with units.
    """

    network: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    dynamic: dict[str, dict[int, str]]
    meaning: dict[str, str]


class _Denoiser(nn.Module):
    def __init__(self, model: TrajectoryDiffusion):
        super().__init__()
        self.model = model

    def forward(self, x_t, t, endpoints, path_features, obstacles, obstacle_mask, look=None):
        condition = Condition(endpoints, path_features, obstacles, obstacle_mask)
        return self.model(x_t, t, self.model.encode(condition), look)


def _trajectory_diffusion(model: TrajectoryDiffusion, size) -> Part:
    config, (n, joints) = model.config, model.shape
    samples, obstacles = 4, 5
    inputs = {
        "x_t": _random(samples, n, joints),
        "t": torch.tensor([50]),
        "endpoints": _random(1, 2 * joints),
        "path_features": _random(1, n, config["path_features"]),
        "obstacles": _random(1, obstacles, config["obstacle_features"]),
        "obstacle_mask": torch.ones(1, obstacles, dtype=torch.bool),
    }
    if model.embed_look is not None:
        inputs["look"] = _random(samples, n, joints + config["geometry_features"])
    return Part(
        _Denoiser(model),
        inputs,
        ("prediction",),
        {"x_t": {0: "samples"}, "obstacles": {1: "obstacles"}, "obstacle_mask": {1: "obstacles"}}
        | ({"look": {0: "samples"}} if "look" in inputs else {}),
        {
            "x_t": "noisy control points, deviation from the straight line over the model's scale",
            "t": f"step of the {config['schedule']} schedule, 0 to {config['diffusion_steps'] - 1}",
            "endpoints": "start and goal, scaled to [-1, 1] by the joint limits",
            "path_features": "robots.paths.features: geometry at the straight line's control points",
            "obstacles": "robots.scene_arrays: one token an obstacle",
            "obstacle_mask": "false where an obstacle is padding",
            "look": "the estimate of x_0 of the step before and the geometry there",
            "prediction": f"{config['prediction']} of the noise schedule",
        },
    )


class _Rollout(nn.Module):
    def __init__(self, model: ScanWorldModel):
        super().__init__()
        self.model = model

    def forward(self, h, z, twist, action, actions):
        rollout = self.model.imagine(State(h, z, twist, action), actions, sample=False)
        return rollout.poses, rollout.position_std


def _world_model(model: ScanWorldModel, size) -> Part:
    rows = 3
    inputs = {
        "h": _random(rows, model.memory),
        "z": _random(rows, model.latent),
        "twist": _random(rows, 2),
        "action": _random(rows, 3),
        "actions": torch.cat([0.3 * _random(rows, HORIZON, 2), torch.zeros(rows, HORIZON, 1)], dim=-1),
    }
    return Part(
        _Rollout(model),
        inputs,
        ("poses", "position_std"),
        {name: {0: "rollouts"} for name in inputs},
        {
            "h": "memory",
            "z": "latent",
            "twist": "m/s, rad/s as driven",
            "action": "the last: m/s, rad/s, 1 if measured",
            "actions": f"{HORIZON} steps of 0.2 s: m/s, rad/s, 1 if measured instead of told",
            "poses": "x, y [m], yaw [rad] in base_link at the last observation; the latents' means",
            "position_std": "m",
        },
    )


def _image_translation(model, size) -> Part:
    image = _random(1, 3, *size).sigmoid()
    inputs = {
        "image": image,
        "style": torch.tensor([0]),
        "z": _random(1, model.generator.latent),
        "eps": _random(1, 3, *size),
    }
    return Part(
        model.generator,
        inputs,
        ("translated",),
        {},
        {
            "image": "RGB in [0, 1]",
            "style": f"index into {', '.join(model.styles)}",
            "z": "standard normal: which of the style's many",
            "eps": "standard normal: sensor noise",
            "translated": "RGB, to be clamped to [0, 1]; it carries no mark",
        },
    )


class _Probabilities(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        return self.model.probabilities(image)


def _segmenter(model, size) -> Part:
    return Part(
        _Probabilities(model),
        {"image": _random(1, 3, *size).sigmoid()},
        ("probabilities",),
        {},
        {"image": "RGB in [0, 1]", "probabilities": "of each class a pixel"},
    )


class _Decoder(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, z, condition=None):
        inner = None if condition is None else (condition - self.model.condition_centre) / self.model.condition_spread
        return self.model.centre + self.model.spread * self.model.core.decode(z, inner)


def _family(model, size) -> Part:
    if not model.can("decode"):
        raise GenModelsError(ErrorCode.UNSUPPORTED, f"A {model.family} has no decoder to export: fit another family.")
    C = len(model.condition_centre)
    x = model.centre + model.spread * _random(2, len(model.centre))
    condition = model.condition_centre + model.condition_spread * _random(2, C) if C else None
    inputs = {"z": model.encode(x, condition).detach()} | ({} if condition is None else {"condition": condition})
    return Part(
        _Decoder(model),
        inputs,
        ("x",),
        {name: {0: "rows"} for name in inputs},
        {"z": "latent", "condition": "in the data's units", "x": "in the data's units"},
    )


PARTS: dict[str, Callable[[nn.Module, tuple[int, int]], Part]] = {
    "trajectory_diffusion": _trajectory_diffusion,
    "scan_world_model": _world_model,
    "image_translation_gan": _image_translation,
    "segmenter": _segmenter,
    "family": _family,
}


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))
