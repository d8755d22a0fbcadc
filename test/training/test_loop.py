"""A run that was stopped goes on as if it had not been; averages follow; damaged states are refused."""

import itertools

import pytest
import torch
from torch import nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.training.loop import ExponentialMovingAverage, TrainingState, cosine_learning_rate


def toy_run(folder, first: int, last: int, model: nn.Module, rng: torch.Generator) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    average = ExponentialMovingAverage(model)
    state = TrainingState(
        folder, modules={"model": model, "average": average.average}, optimizers={"adam": optimizer}, rng=rng
    )
    assert state.load() == first
    for step in range(first, last):
        x = torch.randn(8, 3, generator=rng)
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(model, step)
    state.save(last)
    return average.average


def new_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = new_model()
    whole_average = toy_run(tmp_path / "whole", 0, 20, whole, torch.Generator().manual_seed(1))
    toy_run(tmp_path / "parts", 0, 9, new_model(), torch.Generator().manual_seed(1))
    resumed = new_model()
    resumed_average = toy_run(tmp_path / "parts", 9, 20, resumed, torch.Generator().manual_seed(99))
    for pair in ((whole, resumed), (whole_average, resumed_average)):
        for a, b in zip(pair[0].state_dict().values(), pair[1].state_dict().values(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_average_follows_constant_weights_to_them():
    model = new_model()
    average = ExponentialMovingAverage(model, decay=0.9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(3.0)
    for step in range(300):
        average.update(model, step)
    for parameter in average.average.parameters():
        torch.testing.assert_close(parameter, torch.full_like(parameter, 3.0))


def test_learning_rate_warms_up_peaks_and_ends_at_its_floor():
    rates = [cosine_learning_rate(s, 1000, 1e-3, warmup=100) for s in range(1001)]
    assert max(rates) == pytest.approx(1e-3) and rates.index(max(rates)) in (99, 100)
    assert rates[0] == pytest.approx(1e-5) and rates[-1] == pytest.approx(5e-5)
    assert all(a >= b for a, b in itertools.pairwise(rates[100:]))


def test_a_damaged_state_is_refused_with_a_sentence(tmp_path):
    model = new_model()
    toy_run(tmp_path, 0, 2, model, torch.Generator().manual_seed(1))
    file = next(tmp_path.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(GenModelsError, match="Delete it") as error:
        toy_run(tmp_path, 0, 2, model, torch.Generator().manual_seed(1))
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE
