"""Several processes training one network, started by `torchrun`: each draws its own batches, all take the same steps.

Plain data parallelism: gradients are averaged over the processes after every backward pass. Without torchrun there is
one process and nothing here does anything.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from genmodels_ros.device import resolve_device


@dataclass(frozen=True)
class Team:
    """This process's number among `size`, and its device."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and prints."""
        return self.rank == 0

    def average_gradients(self, model: nn.Module) -> None:
        """Makes every parameter's gradient the mean over the processes; a missing one counts as zero."""
        if self.size == 1:
            return
        parameters = [p for p in model.parameters() if p.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([g.flatten() for g in gradients])
        distributed.all_reduce(flat)
        flat /= self.size
        for parameter, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)


@contextmanager
def team(device: str = "auto"):
    """The team of this process, for as long as it trains; `auto` and `cuda` give each process a GPU of its own."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield Team(0, 1, resolve_device(device))
        return
    if device in ("auto", "cuda") and torch.cuda.is_available():
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    device = resolve_device(device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Team(distributed.get_rank(), distributed.get_world_size(), device)
    finally:
        distributed.destroy_process_group()
