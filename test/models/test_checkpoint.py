"""A checkpoint that loads is whole; any other is refused with one sentence, and never run."""

import json
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import CARD, WEIGHTS, Card, file_sha256, load_checkpoint, save_checkpoint
from genmodels_ros.models.diffusion import TrajectoryDiffusion

NAME = "trajectory_diffusion"


@pytest.fixture
def folder(tmp_path) -> Path:
    torch.manual_seed(0)
    model = TrajectoryDiffusion(path_features=4, width=16, layers=1)
    save_checkpoint(tmp_path / "checkpoint", model, Card(NAME, model.config, seed=3))
    return tmp_path / "checkpoint"


def edit_card(folder: Path, **changes) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | changes))


def edit_config(folder: Path, **changes) -> None:
    edit_card(folder, config=json.loads((folder / CARD).read_text())["config"] | changes)


def edit_weights(folder: Path, change) -> None:
    """Changes the tensors and makes the card's hash fit, as somebody who trains or converts would."""
    weights = load_file(folder / WEIGHTS)
    save_file(change(weights), folder / WEIGHTS)
    edit_card(folder, sha256=file_sha256(folder / WEIGHTS))


def write_weights(folder: Path, content: bytes) -> None:
    (folder / WEIGHTS).write_bytes(content)
    edit_card(folder, sha256=file_sha256(folder / WEIGHTS))


def first(weights: dict) -> str:
    """A large tensor of floats."""
    return max(weights, key=lambda name: weights[name].numel() * weights[name].is_floating_point())


class Bomb:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


FAULTS = {
    "no folder": lambda f: f.rename(f.parent / "elsewhere"),
    "no weights": lambda f: (f / WEIGHTS).unlink(),
    "no card": lambda f: (f / CARD).unlink(),
    "truncated": lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-100]),
    "truncated, its hash in the card": lambda f: write_weights(f, (f / WEIGHTS).read_bytes()[:-100]),
    "header alone": lambda f: write_weights(f, (f / WEIGHTS).read_bytes()[:9]),
    "empty": lambda f: write_weights(f, b""),
    "one bit flipped": lambda f: (f / WEIGHTS).write_bytes(
        (f / WEIGHTS).read_bytes()[:-1] + bytes([(f / WEIGHTS).read_bytes()[-1] ^ 1])
    ),
    "a pickle": lambda f: write_weights(f, pickle.dumps({"weights": Bomb()})),
    "other names": lambda f: edit_weights(f, lambda w: {f"module.{name}": tensor for name, tensor in w.items()}),
    "a tensor missing": lambda f: edit_weights(f, lambda w: {name: w[name] for name in w if name != first(w)}),
    "a tensor too many": lambda f: edit_weights(f, lambda w: w | {"more": torch.zeros(3)}),
    "another shape": lambda f: edit_weights(f, lambda w: w | {first(w): torch.zeros(3, 3)}),
    "NaN": lambda f: edit_weights(f, lambda w: w | {first(w): torch.full_like(w[first(w)], torch.nan)}),
    "one infinite number": lambda f: edit_weights(
        f, lambda w: w | {first(w): torch.where(torch.arange(w[first(w)].shape[-1]) == 1, torch.inf, w[first(w)])}
    ),
    "another model": lambda f: edit_card(f, model="world_model"),
    "an unknown field": lambda f: edit_card(f, colour="blue"),
    "half a card": lambda f: (f / CARD).write_text((f / CARD).read_text()[:50]),
    "a list for a card": lambda f: (f / CARD).write_text("[1, 2]"),
    "a card of other bytes": lambda f: (f / CARD).write_bytes(b"\xff\xfe\x00"),
    "text for a number": lambda f: edit_config(f, width="wide"),
    "another width": lambda f: edit_config(f, width=32),
    "no width": lambda f: edit_config(f, width=0),
    "a width beyond memory": lambda f: edit_config(f, width=2**40),
    "a config that is a list": lambda f: edit_card(f, config=[1, 2]),
    "an unknown schedule": lambda f: edit_config(f, schedule="magic"),
}


def test_what_is_saved_is_loaded(folder):
    model, card = load_checkpoint(folder, NAME)
    assert not model.training and card.seed == 3 and card.sha256 == file_sha256(folder / WEIGHTS)
    weights = load_file(folder / WEIGHTS)
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())
    again = save_checkpoint(folder.parent / "again", model, card)
    assert asdict(again) == asdict(card)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_damaged_is_refused_in_one_line(folder, fault):
    FAULTS[fault](folder)
    with pytest.raises(GenModelsError) as error:
        load_checkpoint(folder, NAME)
    assert error.value.code == ErrorCode.MODEL_UNAVAILABLE
    assert str(folder) in error.value.message and "\n" not in error.value.message and len(error.value.message) < 400
