"""Two processes under torchrun's environment take the steps of one process with both batches."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from genmodels_ros.training.distributed import Team, team


def new_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.SiLU(), nn.Linear(5, 1), nn.Linear(1, 1).requires_grad_(False))


def batch(step: int, rank: int) -> torch.Tensor:
    return torch.randn(8, 3, generator=torch.Generator().manual_seed(100 * rank + step))


def train(mine: Team, batches) -> nn.Module:
    """Three steps of plain gradient descent, which, unlike Adam, feels the size of a gradient."""
    model = new_model()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for step in range(3):
        optimizer.zero_grad(set_to_none=True)
        x = batches(step)
        (model(x) - x.prod(1, keepdim=True)).square().mean().backward()
        mine.average_gradients(model)
        optimizer.step()
    return model


def test_two_processes_end_with_the_weights_of_one_that_saw_both_batches(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)], env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        )
        for rank in range(2)
    ]
    assert [process.wait(timeout=100) for process in processes] == [0, 0]
    one, other = (load_file(tmp_path / f"{rank}.safetensors") for rank in range(2))
    alone = train(Team(0, 1, torch.device("cpu")), lambda step: torch.cat([batch(step, 0), batch(step, 1)]))
    for name, expected in alone.state_dict().items():
        assert torch.equal(one[name], other[name])
        torch.testing.assert_close(one[name], expected, atol=1e-5, rtol=1e-4)
    assert not torch.equal(one["0.weight"], new_model()[0].weight)


def test_a_single_process_leads_and_keeps_its_gradients(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with team("cpu") as mine:
        assert mine.leads and mine.size == 1
        model = new_model()
        model(torch.ones(1, 3)).sum().backward()
        before = model[0].weight.grad.clone()
        mine.average_gradients(model)
    assert torch.equal(model[0].weight.grad, before)


if __name__ == "__main__":
    with team("cpu") as mine:
        trained = train(mine, lambda step: batch(step, mine.rank))
        save_file(trained.state_dict(), Path(sys.argv[1]) / f"{mine.rank}.safetensors")
