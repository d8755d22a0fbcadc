"""What every training run shares: averaged weights, a learning rate schedule, a state that resumes, and progress.

The state of a run is one safetensors file (tensors, with the plain values as JSON in its header), replaced atomically:
a run that is stopped at any moment goes on from its last save. Nothing unpickles.
"""

import copy
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

from genmodels_ros.errors import ErrorCode, GenModelsError

STATE = "training_state.safetensors"


class ExponentialMovingAverage:
    """Polyak average of a network's weights: `average` is a copy of it that follows slowly and is what gets shipped.

    The decay warms up as (1 + n) / (10 + n) so that the first updates do not remember the initial weights.
    """

    def __init__(self, model: nn.Module, decay: float = 0.999):
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """To be called after every optimiser step; `step` counts from 0."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(self.average.state_dict().values(), model.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, weight)
            else:
                mean.copy_(value)


def cosine_learning_rate(step: int, steps: int, peak: float, warmup: int = 200, floor: float = 0.05) -> float:
    """Linear warm-up to `peak`, then half a cosine down to `floor` x `peak` at `steps`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The same rate for every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def progress(first: int, last: int, description: str) -> Iterator[int]:
    """Steps first .. last-1 under a tqdm bar: live on a terminal, a line every 30 s in a log file."""
    interval = 0.2 if sys.stderr.isatty() else 30
    return tqdm(range(first, last), initial=first, total=last, desc=description, mininterval=interval)


class TrainingState:
    """Everything a run needs to go on: networks, optimisers and a generator by name, and the step reached."""

    def __init__(
        self,
        folder: Path,
        *,
        modules: dict[str, nn.Module],
        optimizers: dict[str, torch.optim.Optimizer],
        rng: torch.Generator | None = None,
    ):
        self.path = Path(folder) / STATE
        self.modules, self.optimizers, self.rng = modules, optimizers, rng

    def save(self, step: int) -> None:
        """Writes the state reached after `step` steps."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        tensors, groups = {}, {}
        for name, module in self.modules.items():
            tensors |= {f"module/{name}/{key}": value for key, value in module.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            state = optimizer.state_dict()
            groups[name] = state["param_groups"]
            for index, values in state["state"].items():
                tensors |= {f"optimizer/{name}/{index}/{key}": torch.as_tensor(v) for key, v in values.items()}
        if self.rng is not None:
            tensors["rng"] = self.rng.get_state()
        tensors = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
        partial = self.path.with_suffix(".partial")
        save_file(tensors, partial, metadata={"step": str(step), "param_groups": json.dumps(groups)})
        os.replace(partial, self.path)

    def load(self) -> int:
        """Restores the last save and returns its step; 0 if there is none.

        Raises GenModelsError(MODEL_UNAVAILABLE) if the file is damaged or belongs to another network.
        """
        if not self.path.exists():
            return 0
        try:
            with safe_open(self.path, "pt") as file:
                metadata = file.metadata()
                tensors = {key: file.get_tensor(key) for key in file.keys()}
            for name, module in self.modules.items():
                prefix = f"module/{name}/"
                module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
            groups = json.loads(metadata["param_groups"])
            for name, optimizer in self.optimizers.items():
                prefix, state = f"optimizer/{name}/", {}
                for key, value in tensors.items():
                    if key.startswith(prefix):
                        index, field = key.removeprefix(prefix).split("/")
                        state.setdefault(int(index), {})[field] = value
                optimizer.load_state_dict({"state": state, "param_groups": groups[name]})
            if self.rng is not None:
                self.rng.set_state(tensors["rng"])
            return int(metadata["step"])
        except (OSError, SafetensorError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"Cannot resume from {self.path}: {error}. Delete it to start again, or train into another folder.",
            ) from error
