"""Trains the scan world model on drives: `genmodels train world-model`."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from genmodels_ros.data.episodes import read_card, shard_paths, split_by_floor
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.world_model import ScanWorldModel
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)
from genmodels_ros.training.mobile.drive_windows import DriveWindows
from genmodels_ros.training.mobile.observed_windows import CONTEXT, HORIZON
from genmodels_ros.training.mobile.world_model_losses import WEIGHTS, losses
from genmodels_ros.training.mobile.world_model_validation import validate

LEARNING_RATE = 1e-3
SAVE_EVERY = 500


def train(
    *, data: Path, out: Path, steps: int, batch_size: int = 32, seed: int = 0, device: str = "cpu",
    resume: bool = False, latent: str = "gaussian", without: Sequence[str] = (),
) -> Card:  # fmt: skip
    """Trains on the shards in `data`, writes the averaged weights and their card to `out`; returns the card.

    Every SAVE_EVERY steps the state and the checkpoint so far are written. Floors are split into training and
    validation ones; the card's metrics are of the latter.
    """
    target = resolve_device(device)
    if target.type != "cpu":
        target = torch.device("cpu")  # windows are built on the CPU and the recurrent model is small: no gain measured
    torch.manual_seed(seed)
    rng = generator(seed)
    model = ScanWorldModel(kind=latent, without=without).to(target)
    training, validation = split_by_floor(shard_paths(data))
    drives = DriveWindows(training, model.beams, CONTEXT + HORIZON)
    held_out = DriveWindows(validation, model.beams, CONTEXT + HORIZON)
    average = ExponentialMovingAverage(model)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=1e-4)
    state = TrainingState(
        out, modules={"model": model, "average": average.average}, optimizers={"adam": optimizer}, rng=rng
    )
    first = state.load() if resume else 0

    def write(step: int) -> Card:
        card = Card(
            model="scan_world_model",
            config=model.config,
            data=read_card(data) | {"training_floors": len(training), "validation_floors": len(validation)},
            command=f"genmodels train world-model --data {Path(data).name} --out {Path(out).name} --steps {steps} "
            f"--batch-size {batch_size} --seed {seed}" + _options(latent, without),
            seed=seed,
            steps=step,
            metrics=validate(average.average, held_out),
        )
        return save_checkpoint(out, average.average, card)

    card = None
    for step in progress(first, steps, "world model"):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, LEARNING_RATE))
        terms = losses(model, drives.sample(batch_size, rng), rng)
        loss = sum(WEIGHTS[name] * value for name, value in terms.items())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()
        average.update(model, step)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            state.save(step + 1)
            card = write(step + 1)
            print(f"{step + 1}: {_rounded(terms)} | {_rounded(card.metrics)}", flush=True)
    return card or write(first)


def _options(latent: str, without: Sequence[str]) -> str:
    return (f" --latent {latent}" if latent != "gaussian" else "") + "".join(f" --without {part}" for part in without)


def _rounded(values: dict) -> str:
    return " ".join(f"{name}={float(torch.as_tensor(value).detach()):.4f}" for name, value in values.items())
