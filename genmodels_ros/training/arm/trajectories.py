"""Trains the trajectory diffusion model on expert shards: `genmodels train trajectories`.

On several GPUs: `torchrun --nproc-per-node 4 -m genmodels_ros.cli train trajectories ...`, with --batch-size a GPU.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from genmodels_ros.data.trajectory_shards import TrajectoryExamples, batches, load_examples
from genmodels_ros.device import generator
from genmodels_ros.errors import GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.robots.description import Robot, load_robot, save_robot
from genmodels_ros.training.distributed import Team, team
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

LEARNING_RATE = 1e-3
LARGEST_GRADIENT = 1.0
SAVE_EVERY = 500
VALIDATION_PATHS = 1024


@dataclass(frozen=True)
class ModelOptions:
    """What may be chosen about the network, see models/diffusion/trajectory.py; robot: by default the shards'."""

    robot: str | None = None
    prediction: str = "v"
    schedule: str = "cosine"
    width: int = 128
    layers: int = 4
    condition_dropout: float = 0.1
    self_conditioning: bool = False

    def arguments(self) -> str:
        """The options on the command line that differ from the defaults."""
        changed = {k: v for k, v in asdict(self).items() if v != getattr(ModelOptions, k)}
        return "".join(f" --{k.replace('_', '-')}" + ("" if v is True else f" {v}") for k, v in changed.items())


def train(
    *,
    data: Path,
    out: Path,
    steps: int = 20_000,
    batch_size: int = 128,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    **options,
) -> Card:
    """Trains on the shards in `data` and writes a checkpoint of the averaged weights to `out` every SAVE_EVERY steps.

    resume: go on from the state saved in `out`, if there is one. options: of ModelOptions. Returns the last card.
    """
    options = ModelOptions(**options)
    command = f"genmodels train trajectories --steps {steps} --batch-size {batch_size} --seed {seed}"
    with team(device) as mine:
        processes = f"torchrun --nproc-per-node {mine.size} -m genmodels_ros.cli" if mine.size > 1 else "genmodels"
        command = command.replace("genmodels", processes, 1) + options.arguments()
        return _train(Path(data), Path(out), steps, batch_size, seed, resume, options, mine, command)


def _train(
    data: Path,
    out: Path,
    steps: int,
    batch_size: int,
    seed: int,
    resume: bool,
    options: ModelOptions,
    mine: Team,
    command,
) -> Card:
    torch.manual_seed(seed)
    arm, rng = _robot_of(data, options), generator(seed + 1_000_003 * mine.rank)
    examples, data_card = load_examples(data, arm)
    training, held_out = examples.split()
    model = _new_model(training, options, arm).to(mine.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    average = ExponentialMovingAverage(model)
    state = TrainingState(
        out, modules={"model": model, "average": average.average}, optimizers={"adamw": optimizer}, rng=rng
    )
    first, card = state.load() if resume else 0, None
    if first and not mine.leads:  # the saved generator is the leader's
        rng = generator(seed + 1_000_003 * mine.rank + first)
    bar = progress(first, steps, "trajectories") if mine.leads else range(first, steps)
    for step, batch in zip(bar, batches(training, batch_size, rng), strict=False):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, LEARNING_RATE))
        optimizer.zero_grad(set_to_none=True)
        loss = _loss(model, batch, arm, mine.device, rng)
        loss.backward()
        mine.average_gradients(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        average.update(model, step)
        if mine.leads and ((step + 1) % SAVE_EVERY == 0 or step + 1 == steps):
            metrics = {
                "training_loss": float(loss.detach()),
                "validation_loss": validation_loss(average.average, held_out, arm, mine.device),
                "validation_scenes": len(held_out.scene_id.unique()),
                "training_paths": len(training),
            }
            bar.set_postfix(validation=f"{metrics['validation_loss']:.3f}")
            card = Card("trajectory_diffusion", model.config, data_card, command, seed, step + 1, metrics)
            card = save_checkpoint(out, average.average, card)
            save_robot(arm, out / "robot.json")
            state.save(step + 1)
    return card


@torch.no_grad()
def validation_loss(
    model: TrajectoryDiffusion, examples: TrajectoryExamples, robot: Robot, device: torch.device
) -> float:
    """The loss on examples of scenes never trained on, always with the same noise; NaN without any."""
    count = min(len(examples), VALIDATION_PATHS)
    rng, total = generator(0), 0.0
    for index in torch.arange(count).split(256) if count else ():
        total += float(_loss(model, examples[index], robot, device, rng)) * len(index)
    return total / count if count else float("nan")


def _robot_of(data: Path, options: ModelOptions) -> Robot:
    """The arm chosen, or the one that the shards were made for, as saved with them where it is not installed here."""
    card, saved = data / "card.json", data / "robot.json"
    made_for = json.loads(card.read_text()).get("robot", "panda") if card.is_file() else "panda"
    try:
        return load_robot(options.robot or made_for)
    except GenModelsError:
        if options.robot or not saved.is_file():
            raise
        return load_robot(saved)


def _new_model(training: TrajectoryExamples, options: ModelOptions, arm: Robot) -> TrajectoryDiffusion:
    features = training.features.path_features.shape[-1]
    model = TrajectoryDiffusion(
        joints=training.deviation.shape[2],
        control_points=training.deviation.shape[1],
        path_features=features,
        obstacle_features=training.features.obstacles.shape[-1],
        width=options.width,
        layers=options.layers,
        schedule=options.schedule,
        prediction=options.prediction,
        condition_dropout=options.condition_dropout,
        geometry_features=features if options.self_conditioning else 0,
        robot=arm.name,
        x_0_bound=_bound(training),
    )
    model.scale.copy_(training.scale())
    return model


def _loss(model, batch: TrajectoryExamples, robot: Robot, device: torch.device, rng: torch.Generator) -> torch.Tensor:
    """On a GPU in bfloat16 where autocast finds it safe; geometry and loss stay in float32."""
    x_0, condition = batch.deviation.to(device) / model.scale, Condition(**vars(batch.features)).to(device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        return model.loss(x_0, condition, rng, batch.geometry(robot).to(device))


def _bound(examples: TrajectoryExamples) -> float:
    """Nearly every |x_0| lies below it."""
    values = (examples.deviation / examples.scale()).abs().flatten()
    return float(values[torch.randperm(len(values))[:1_000_000]].quantile(0.9995))
