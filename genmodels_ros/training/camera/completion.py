"""Trains the completion network on pictures with holes cut into them.

    D: adversarial, on the patches that a hole touches + gamma/2 (R1 + R2), every few steps
    G: L1 inside the hole + adversarial + feature matching (Wang et al. 2018, pix2pixHD, eq. 3)

L1 alone is won by a blur; the discriminator asks for edges and texture; its features keep the two from quarrelling.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.device import generator, resolve_device, resolve_precision
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.inpainter import ImageCompletionGAN, Inpainter
from genmodels_ros.training.camera.completion_frames import CROP, CompletionFrames
from genmodels_ros.training.camera.completion_losses import feature_matching, inside, touched
from genmodels_ros.training.collapse_watch import CollapseWatch
from genmodels_ros.training.gan_objectives import OBJECTIVES, gradient_penalty
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)


@dataclass(frozen=True)
class Settings:
    """What a run can be told beside its data. `objective` is one of gan_objectives.OBJECTIVES."""

    objective: str = "relativistic"
    gamma: float = 0.2  # of the gradient penalties
    penalty_every: int = 16  # steps
    pixel: float = 1.0
    adversarial: float = 0.005
    feature: float = 0.3
    generator_rate: float = 1e-3
    discriminator_rate: float = 4e-4
    dither: float = 1 / 255  # deviation of the noise on what D sees: the stored frames have eight-bit steps
    width: int = 64
    discriminator_width: int = 32
    precision: str = "float32"
    save_every: int = 250  # steps


class Trainer:
    """Both players, their optimisers, and one step of the game."""

    def __init__(self, model: ImageCompletionGAN, settings: Settings, device: torch.device):
        self.model = model.to(device, memory_format=torch.channels_last)
        self.settings, self.device = settings, device
        self.dtype, self.objective = resolve_precision(settings.precision), OBJECTIVES[settings.objective]
        self.optimizers = {
            "generator": torch.optim.Adam(model.generator.parameters(), settings.generator_rate, betas=(0.5, 0.99)),
            "discriminator": torch.optim.Adam(
                model.discriminator.parameters(), settings.discriminator_rate, betas=(0.5, 0.99)
            ),
        }

    def step(self, step: int, image: Tensor, hole: Tensor, rng: torch.Generator) -> dict[str, float]:
        """One update of D, then of G, on the same holes; returns what `CollapseWatch` watches."""
        image, hole = image.to(self.device), hole.to(self.device)
        eps = torch.randn(hole.shape, generator=rng).to(self.device)
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32):
            completed = self.model.generator(image, hole, eps).float()
        noise = self.settings.dither * torch.randn(image.shape, generator=rng).to(self.device)
        real, fake = image + noise, completed + noise
        watched = self._update_discriminator(step, real, fake.detach(), hole)
        return watched | self._update_generator(image, completed, real, fake, hole)

    def _update_discriminator(self, step: int, real: Tensor, fake: Tensor, hole: Tensor) -> dict[str, float]:
        discriminator, settings = self.model.discriminator, self.settings
        real_logits, fake_logits = (touched(discriminator(x, hole), hole) for x in (real, fake))
        loss = self.objective.discriminator(real_logits, fake_logits)
        if step % settings.penalty_every == 0:
            penalty = sum(gradient_penalty(lambda x: discriminator(x, hole), images) for images in (real, fake))
            loss = loss + 0.5 * settings.gamma * settings.penalty_every * penalty
        _descend(self.optimizers["discriminator"], loss)
        return {"discriminator_accuracy": float((real_logits > fake_logits).float().mean())}

    def _update_generator(self, image, completed, real, fake, hole) -> dict[str, float]:
        settings, discriminator = self.settings, self.model.discriminator.requires_grad_(False)
        with torch.no_grad():
            real_features = discriminator.features(real, hole)
        fake_features = discriminator.features(fake, hole)
        logits = (touched(features[-1][:, 0], hole) for features in (real_features, fake_features))
        pixel = inside(completed - image, hole)
        feature = feature_matching(real_features[:-1], fake_features[:-1], hole)
        adversarial = self.objective.generator(*logits)
        _descend(
            self.optimizers["generator"],
            settings.pixel * pixel + settings.adversarial * adversarial + settings.feature * feature,
        )
        discriminator.requires_grad_(True)
        return {
            "pixel": float(pixel.detach()),
            "adversarial": float(adversarial.detach()),
            "feature": float(feature.detach()),
        }


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def train(
    *,
    data: Path,
    out: Path,
    steps: int,
    batch_size: int = 8,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    images: tuple[Path, ...] = (),
    settings: Settings | None = None,
    **options,
) -> Card:
    """Plays `steps` rounds and writes the generator (averaged weights) to `out`.

    data: folder of shards, or images, a bag or a tub; images: more of those. options: fields of Settings. Every step's
    random numbers come from (seed, step) alone, so that a run that goes on is the run that never stopped.
    """
    settings = replace(settings or Settings(), **options)
    place, frames = resolve_device(device), CompletionFrames.load(Path(data), tuple(images))
    torch.manual_seed(seed)  # initial weights
    config = {"width": settings.width}
    model = ImageCompletionGAN(**config, discriminator_width=settings.discriminator_width)
    trainer, average = Trainer(model, settings, place), ExponentialMovingAverage(model.generator)
    state = TrainingState(
        Path(out), modules={"model": model, "average": average.average}, optimizers=trainer.optimizers
    )
    card = Card(
        model="image_completion_gan",
        config=config,
        data=data_card(Path(data), images, frames) | {"settings": asdict(settings)},
        command=f"genmodels train completion --data DATA --out OUT --steps {steps} --batch-size {batch_size} "
        f"--seed {seed}" + "".join(f" --images {Path(path).name}" for path in images),
        seed=seed,
    )
    watch = CollapseWatch()
    for step in progress(state.load() if resume else 0, steps, "completion"):
        rng = generator(_mixed(seed, step))
        for name, rate in (("generator", settings.generator_rate), ("discriminator", settings.discriminator_rate)):
            set_learning_rate(trainer.optimizers[name], cosine_learning_rate(step, steps, rate))
        image, hole = frames.sample(batch_size, np.random.default_rng([seed, step]))
        watch.add(step, trainer.step(step, image, hole, rng))
        average.update(model.generator, step)
        if (step + 1) % settings.save_every == 0 or step + 1 == steps:
            state.save(step + 1)
            _save(Path(out), average.average, replace(card, steps=step + 1), watch.means)
    return _save(Path(out), average.average, replace(card, steps=steps), watch.means)


def data_card(data: Path, images: tuple[Path, ...], frames: CompletionFrames) -> dict:
    """What was trained on: names of the sources and how many frames of each."""
    names = [Path(path).name for path in (data, *images)]
    sources = [{"name": name, "frames": len(group)} for name, group in zip(names, frames.groups, strict=True)]
    return {"sources": sources, "crop": CROP, "last_part_held_out": "a tenth of every folder or recording"}


def _mixed(seed: int, step: int) -> int:
    return int(np.random.SeedSequence([seed, step, 1]).generate_state(1, np.uint64)[0]) >> 1


def _save(out: Path, average: Inpainter, card: Card, watched: dict[str, float]) -> Card:
    """Writes the generator alone: the discriminator has done its work."""
    shipped = ImageCompletionGAN(**card.config)
    shipped.generator.load_state_dict(average.state_dict())
    metrics = {f"training_{name}": round(value, 5) for name, value in watched.items()}
    return save_checkpoint(out, shipped, replace(card, metrics=metrics))
