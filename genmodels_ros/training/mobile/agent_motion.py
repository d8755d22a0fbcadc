"""Trains a model of any family to predict other agents' motion: 14 displacements given what is known of an agent.

Some of the pasts are the truth, some what a lidar's tracker makes of it: one model serves a motion capture and a robot.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from genmodels_ros.data.agent_tracks import agent_windows, joined, vectors_of
from genmodels_ros.data.episodes import load_shard, read_card, shard_paths, split_by_floor
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.training.fitting import FitOptions, fit
from genmodels_ros.training.mobile.tracked_agents import tracked_windows

TRACKED = 3
# Where a family's own defaults do not suit 28 displacements; what a caller sets goes before.
SETTINGS = {
    "autoregressive": {"bins": 128, "bound": 5.0, "tail": 0.5},
}


def train(
    *,
    data: Path,
    out: Path,
    steps: int,
    batch_size: int = 256,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    family: str = "autoregressive",
    learning_rate: float = 1e-3,
    settings: dict | Sequence[tuple] = (),
    stride: int = 1,
) -> Card:
    """From the floors in `data`; those that split_by_floor holds out are not looked at. Keeps a checkpoint in `out`.

    settings: of the family's config; stride: of the moments of a drive that examples are taken from. Raises
    GenModelsError: NO_OBSERVATION or INVALID_DATA for floors it cannot use, those of `fit`.
    """
    floors, _ = split_by_floor(shard_paths(data))
    rows = examples(floors, seed, stride)
    settings = SETTINGS.get(family, {}) | dict(settings)
    options = FitOptions(
        steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed, device=device, out=out,
        resume=resume, held_out=0.02,
    )  # fmt: skip
    described = {"shards": read_card(data), "training_floors": len(floors), "stride": stride}
    fitted = fit(family, rows, settings, options, described=described)
    command = f"genmodels train agents --data FLOORS --out OUT --steps {steps} --seed {seed} --family {family}"
    command += f" --batch-size {batch_size} --learning-rate {learning_rate}"
    command += "".join(f" --set {name}={value}" for name, value in settings.items())
    return save_checkpoint(out, fitted.model, replace(fitted.card, command=command))


def examples(floors: list[Path], seed: int = 0, stride: int = 1) -> Vectors:
    """x [M, 28] and condition [M, CONDITION] of the people of these shards, and of the clusters that are theirs.

    To track a floor takes ten times as long as to read it, so that only every TRACKED-th is, and its moments are taken
    more densely.
    """
    found = []
    for number, path in enumerate(floors):
        episodes = load_shard(path)
        found.append(agent_windows(episodes, TRACKED * stride))
        if number % TRACKED == 0:
            found.append(tracked_windows(episodes, stride))
    return vectors_of(joined([w for w in found if w is not None and len(w)]), np.random.default_rng(seed))
