"""Where the arithmetic runs: one choice of device and precision for nodes, pipelines and the command line."""

import torch

from genmodels_ros.errors import ErrorCode, GenModelsError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def resolve_device(name: str = "auto") -> torch.device:
    """The torch device for `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises GenModelsError(MODEL_UNAVAILABLE) where a GPU is asked for by name and is not there: a silent change to the
    CPU would hide a misconfigured robot. `auto` takes the first GPU, or the CPU.
    """
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"Unknown device {name!r}: use auto, cpu, cuda or cuda:N."
        ) from error
    if device.type not in ("cpu", "cuda"):
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, f"Unknown device {name!r}: use auto, cpu, cuda or cuda:N.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"Device {name!r} was asked for but {torch.cuda.device_count()} CUDA devices are there: "
            "use device auto or cpu, or install a CUDA build of torch.",
        )
    return device


def resolve_precision(name: str = "float32") -> torch.dtype:
    """The dtype of the networks' arithmetic; raises GenModelsError(MODEL_UNAVAILABLE) for an unknown name."""
    if name not in PRECISIONS:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"Unknown precision {name!r}: use one of {', '.join(PRECISIONS)}."
        )
    return PRECISIONS[name]


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A random number generator for `seed` (taken modulo 2^63), the `rng` of every sampler."""
    return torch.Generator(device=device).manual_seed(int(seed) % 2**63)
