"""A checkpoint's network as an ONNX file, for runtimes without torch (ONNX Runtime, TensorRT, OpenVINO).

What is exported is the network that is called again and again. Samplers, refinement, gates and the verification of
trajectories stay here: an exported network's output is a proposal, never a verified trajectory.
"""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_card, load_checkpoint
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.models.world_model.model import ScanWorldModel, State

LARGEST_DIFFERENCE = 1e-3  # between the file's outputs and the network's
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


@dataclass(frozen=True)
class Exported:
    """path of the file; largest difference between its outputs and the network's, on random input."""

    path: Path
    difference: float


def export_network(checkpoint: Path, out: Path, *, size: tuple[int, int] = (240, 320)) -> Exported:
    """Writes `out` (.onnx) and, beside it, .json that says what goes in and comes out.

    size: height and width of networks that take images. The file is run once and compared with the network.
    Raises GenModelsError: MODEL_UNAVAILABLE for a checkpoint that cannot be read or an export that differs,
    UNSUPPORTED for a model without an exporter or a missing library.
    """
    out, card = Path(out), load_card(checkpoint)
    if card.model not in PARTS:
        raise GenModelsError(ErrorCode.UNSUPPORTED, f"No export of a {card.model}; there is: {', '.join(PARTS)}.")
    if out.suffix != ".onnx":
        raise GenModelsError(ErrorCode.UNSUPPORTED, f"{out.name} must end in .onnx, the format that is written.")
    runtime = _runtime()
    model, card = load_checkpoint(checkpoint, card.model)
    part = PARTS[card.model](model.requires_grad_(False), size)
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(part, out)
    difference = _difference(part, runtime.InferenceSession(str(out), providers=["CPUExecutionProvider"]))
    if not difference <= LARGEST_DIFFERENCE:
        out.unlink()
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The exported network differs by {difference:.2g} from the one in {checkpoint}.",
        )
    out.with_suffix(".json").write_text(json.dumps(_about(part, card, difference), indent=2) + "\n")
    return Exported(out, difference)


def _runtime():
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  torch's exporter needs it
    except ImportError as error:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED, f"Export needs {error.name}: pip install onnx onnxscript onnxruntime."
        ) from error
    return onnxruntime


def _write(part: Part, out: Path) -> None:
    shapes = {
        name: {axis: torch.export.Dim(size, min=1) for axis, size in part.dynamic.get(name, {}).items()}
        for name in part.inputs
    }
    with torch.no_grad(), warnings.catch_warnings(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # torch's own, about its own code
        torch.onnx.export(
            part.network.eval(),
            tuple(part.inputs.values()),
            str(out),
            input_names=list(part.inputs),
            output_names=list(part.outputs),
            dynamic_shapes=tuple(shapes.values()),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Errors of a logger only: torch names every library that it does not need."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@torch.no_grad()
def _difference(part: Part, session) -> float:
    expected = part.network(*part.inputs.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    made = session.run(None, {name: value.numpy() for name, value in part.inputs.items()})
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, made, strict=True))


def _about(part: Part, card: Card, difference: float) -> dict:
    fixed = {name: list(value.shape) for name, value in part.inputs.items()}
    for name, axes in part.dynamic.items():
        for axis, size in axes.items():
            fixed[name][axis] = size
    return {
        "model": card.model,
        "config": card.config,
        "checkpoint_sha256": card.sha256,
        "inputs": {
            n: {"shape": fixed[n], "dtype": str(v.dtype)[6:], "is": part.meaning[n]} for n, v in part.inputs.items()
        },
        "outputs": {name: {"is": part.meaning[name]} for name in part.outputs},
        "largest_difference": difference,
    }


# --- What is exported of each model


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
            "path_features": "robots.features: geometry at the straight line's control points",
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
