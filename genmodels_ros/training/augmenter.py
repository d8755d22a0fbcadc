"""Trains the image augmenter: the adversarial game of gan_objectives.py with what keeps it honest.

    D: adversarial + gamma/2 (R1 + R2), every few steps
    G: adversarial + structure (edges keep their place and direction) + diversity (two codes, two images; Mao et al.
       2019) + smoothness of the bilateral grid (haloes and bands come from steep grids, blotches from tints that
       change from place to place)

Reals and fakes get the same faint noise, so that D cannot tell them by the eight-bit steps of the stored ones.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.data.image_shards import load_data_card, load_shards
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.augmentation import ImageAugmenter
from genmodels_ros.training.augmenter_heldout import held_out_metrics
from genmodels_ros.training.augmenter_losses import (
    cast_roughness,
    clamp_straight_through,
    grid_roughness,
    spread,
    structure_loss,
)
from genmodels_ros.training.collapse_watch import CollapseWatch, preference
from genmodels_ros.training.gan_objectives import OBJECTIVES, gradient_penalty
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

REDUCTION = 4  # of the second picture that diversity is measured on


@dataclass(frozen=True)
class Settings:
    """What a run can be told beside its data. `objective` is one of gan_objectives.OBJECTIVES."""

    objective: str = "non_saturating"
    gamma: float = 1.0  # of the gradient penalties
    penalty_every: int = 8  # steps
    structure: float = 0.5
    diversity: float = 0.3
    smoothness: float = 2.0
    cast: float = 200.0
    generator_rate: float = 4e-4
    discriminator_rate: float = 4e-4
    dither: float = 2 / 255  # standard deviation of the noise on what D sees
    discriminator_width: int = 32
    width: int = 48
    save_every: int = 250  # steps


@dataclass(frozen=True)
class Images:
    """uint8 [N, 3, H, W] on the training device: the source frames and each style's."""

    source: Tensor
    targets: tuple[Tensor, ...]
    styles: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> "Images":
        def one(name):
            return torch.from_numpy(load_shards(folder, name)["rgb"]).permute(0, 3, 1, 2).contiguous().to(device)

        styles = tuple(load_data_card(folder)["styles"])
        return cls(one("source"), tuple(one(style) for style in styles), styles)

    def batch(self, size: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """(source [B, 3, H, W], style [B], target [B, 3, H, W]), mirrored at random: unpaired."""
        style = torch.randint(len(self.styles), (size,), generator=rng)
        source = self.source[torch.randint(len(self.source), (size,), generator=rng)]
        target = torch.stack(
            [self.targets[s][int(torch.randint(len(self.targets[s]), (), generator=rng))] for s in style]
        )
        mirrored = [
            torch.where((torch.rand(size, 1, 1, 1, generator=rng) < 0.5).to(images.device), images.flip(-1), images)
            for images in (source, target)
        ]
        return mirrored[0].float() / 255, style.to(source.device), mirrored[1].float() / 255


class Trainer:
    """Both players, their optimisers, and one step of the game."""

    def __init__(self, model: ImageTranslationGAN, settings: Settings, rng: torch.Generator, device: torch.device):
        self.model, self.settings, self.rng, self.device = model.to(device), settings, rng, device
        self.objective = OBJECTIVES[settings.objective]
        self.optimizers = {
            "generator": torch.optim.Adam(model.generator.parameters(), settings.generator_rate, betas=(0.0, 0.99)),
            "discriminator": torch.optim.Adam(
                model.discriminator.parameters(), settings.discriminator_rate, betas=(0.0, 0.99)
            ),
        }

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.rng).to(self.device)

    def step(self, step: int, source: Tensor, style: Tensor, target: Tensor) -> dict[str, float]:
        """One update of D, then of G, on the same batch; returns what `CollapseWatch` watches."""
        generator = self.model.generator
        transform = generator.transform(source, style, self.normal(len(source), generator.latent))
        clean = transform.apply(source)
        fake = transform.add_noise(clean, self.normal(*source.shape))
        real, shown = self._dithered(target), self._dithered(clamp_straight_through(fake))
        diagnostics = self._update_discriminator(step, real, shown.detach(), style)
        return diagnostics | self._update_generator(source, style, real, shown, clean, transform)

    def _dithered(self, images: Tensor) -> Tensor:
        return images + self.settings.dither * self.normal(*images.shape)

    def _update_discriminator(self, step: int, real: Tensor, fake: Tensor, style: Tensor) -> dict[str, float]:
        discriminator, settings = self.model.discriminator, self.settings
        real_logits, fake_logits = discriminator(real, style), discriminator(fake, style)
        loss = self.objective.discriminator(real_logits, fake_logits)
        if step % settings.penalty_every == 0:
            penalty = sum(gradient_penalty(lambda x: discriminator(x, style), images) for images in (real, fake))
            loss = loss + 0.5 * settings.gamma * settings.penalty_every * penalty
        _descend(self.optimizers["discriminator"], loss)
        return {"discriminator_accuracy": preference(real_logits, fake_logits)}

    def _update_generator(self, source, style, real, shown, clean, transform) -> dict[str, float]:
        settings, discriminator = self.settings, self.model.discriminator.requires_grad_(False)
        with torch.no_grad():
            real_logits = discriminator(real, style)
        adversarial = self.objective.generator(real_logits, discriminator(shown, style))
        diversity = self._diversity(source, style, clean)
        loss = (
            adversarial
            + settings.structure * structure_loss(source, clean)
            - settings.diversity * diversity.clamp(max=0.15).mean()
            + settings.smoothness * grid_roughness(transform.grid)
            + settings.cast * cast_roughness(transform.grid)
        )
        _descend(self.optimizers["generator"], loss)
        discriminator.requires_grad_(True)
        return {"diversity": float(diversity.detach().mean()), "adversarial": float(adversarial.detach())}

    def _diversity(self, source: Tensor, style: Tensor, clean: Tensor) -> Tensor:
        """Difference to the translation under another code [B]; light and colour show in a reduced picture."""
        other = self.model.generator.transform(source, style, self.normal(len(source), self.model.generator.latent))
        return spread(clean, other.apply(F.avg_pool2d(source, REDUCTION)), REDUCTION)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def target_spread(images: Images, rng: torch.Generator, pairs: int = 64) -> float:
    """`spread` between random images of the same style: the yardstick for diversity."""
    spreads = []
    for target in images.targets:
        first, second = torch.randint(len(target), (2, pairs), generator=rng).to(target.device)
        spreads.append(spread(target[first].float() / 255, target[second].float() / 255).mean())
    return float(torch.stack(spreads).mean())


def train(
    *,
    data: Path,
    out: Path,
    steps: int,
    batch_size: int = 16,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    settings: Settings = Settings(),
) -> Card:
    """Plays `steps` rounds on the shards in `data` and writes the generator (averaged weights) to `out`."""
    place, rng = resolve_device(device), generator(seed)
    images = Images.load(Path(data), place)
    torch.manual_seed(seed)  # initial weights
    config = {"styles": list(images.styles), "width": settings.width}
    model = ImageTranslationGAN(**config, discriminator_width=settings.discriminator_width)
    trainer = Trainer(model, settings, rng, place)
    average = ExponentialMovingAverage(model.generator)
    state = TrainingState(
        Path(out), modules={"model": model, "average": average.average}, optimizers=trainer.optimizers, rng=rng
    )
    diagnostics = CollapseWatch(target_spread(images, generator(seed)))
    card = Card(
        model="image_translation_gan",
        config=config,
        data={**load_data_card(data), "settings": asdict(settings)},
        command="genmodels train augmenter --data DATA --out OUT "
        f"--steps {steps} --batch-size {batch_size} --seed {seed}",
        seed=seed,
    )
    first = state.load() if resume else 0
    for step in progress(first, steps, "augmenter"):
        for name, rate in (("generator", settings.generator_rate), ("discriminator", settings.discriminator_rate)):
            set_learning_rate(trainer.optimizers[name], cosine_learning_rate(step, steps, rate))
        diagnostics.add(step, trainer.step(step, *images.batch(batch_size, rng)))
        average.update(model.generator, step)
        if (step + 1) % settings.save_every == 0:
            state.save(step + 1)
            _save(Path(out), average, replace(card, steps=step + 1), diagnostics)
    state.save(steps)
    card = _save(Path(out), average, replace(card, steps=steps), diagnostics)
    augmenter = ImageAugmenter.from_checkpoint(out, device=device)
    return _save(Path(out), average, card, diagnostics, held_out_metrics(augmenter, Path(data), seed=seed))


def _save(
    out: Path, average: ExponentialMovingAverage, card: Card, diagnostics: CollapseWatch, measured: dict | None = None
) -> Card:
    """Writes the generator alone: the discriminator has done its work."""
    shipped = ImageTranslationGAN(**card.config)
    shipped.generator.load_state_dict(average.average.state_dict())
    watched = {f"training_{name}": round(value, 4) for name, value in diagnostics.means.items()}
    return save_checkpoint(out, shipped, replace(card, metrics={**(measured or {}), **watched}))
