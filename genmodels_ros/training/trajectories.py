"""Trains the trajectory diffusion model on expert shards: `genmodels train trajectories`."""

from pathlib import Path

import torch

from genmodels_ros.data.trajectory_shards import TrajectoryExamples, batches, load_examples
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.diffusion import Condition, TrajectoryDiffusion
from genmodels_ros.robots.description import load_robot
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


def train(
    *,
    data: Path,
    out: Path,
    steps: int = 20_000,
    batch_size: int = 128,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    robot: str = "panda",
) -> Card:
    """Trains on the shards in `data` and writes a checkpoint of the averaged weights to `out` every SAVE_EVERY steps.

    resume: go on from the state saved in `out`, if there is one. Returns the last card.
    """
    torch.manual_seed(seed)
    arm, device, rng = load_robot(robot), resolve_device(device), generator(seed)
    examples, data_card = load_examples(data, arm)
    training, held_out = examples.split()
    model = TrajectoryDiffusion(
        joints=arm.num_joints,
        control_points=examples.deviation.shape[1],
        path_features=examples.features.path_features.shape[-1],
        obstacle_features=examples.features.obstacles.shape[-1],
        robot=robot,
        x_0_bound=_bound(training),
    ).to(device)
    model.scale.copy_(training.scale())
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    average = ExponentialMovingAverage(model)
    state = TrainingState(
        out, modules={"model": model, "average": average.average}, optimizers={"adamw": optimizer}, rng=rng
    )
    first, card = state.load() if resume else 0, None
    bar = progress(first, steps, "trajectories")
    for step, batch in zip(bar, batches(training, batch_size, rng), strict=False):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, LEARNING_RATE))
        optimizer.zero_grad(set_to_none=True)
        loss = _loss(model, batch, device, rng)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        average.update(model, step)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            metrics = {
                "training_loss": float(loss.detach()),
                "validation_loss": validation_loss(average.average, held_out, device),
                "validation_scenes": len(held_out.scene_id.unique()),
                "training_paths": len(training),
            }
            bar.set_postfix(validation=f"{metrics['validation_loss']:.3f}")
            command = f"genmodels train trajectories --steps {steps} --batch-size {batch_size} --seed {seed}"
            card = Card("trajectory_diffusion", model.config, data_card, command, seed, step + 1, metrics)
            card = save_checkpoint(out, average.average, card)
            state.save(step + 1)
    return card


@torch.no_grad()
def validation_loss(model: TrajectoryDiffusion, examples: TrajectoryExamples, device: torch.device) -> float:
    """Noise-prediction loss on examples of scenes never trained on, always with the same noise; NaN without any."""
    rng, total = generator(0), 0.0
    chunks = torch.arange(min(len(examples), 1024)).split(256)
    for index in chunks if len(examples) else ():
        total += float(_loss(model, examples[index], device, rng)) * len(index)
    return total / min(len(examples), 1024) if len(examples) else float("nan")


def _loss(model, batch: TrajectoryExamples, device, rng: torch.Generator) -> torch.Tensor:
    condition = Condition(**vars(batch.features))
    return model.loss(batch.deviation.to(device) / model.scale, condition.to(device), rng)


def _bound(examples: TrajectoryExamples) -> float:
    """Nearly every |x_0| lies below it."""
    values = (examples.deviation / examples.scale()).abs().flatten()
    return float(values[torch.randperm(len(values))[:1_000_000]].quantile(0.9995))
