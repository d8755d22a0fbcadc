"""One round of the translation game: D against G, and what keeps G honest.

    D: adversarial + gamma x penalty, every few rounds
    G: adversarial + structure (edges keep their place and direction) + consistency (consistency.py) + diversity (two
       codes, two images; Mao et al. 2019) + smoothness of the bilateral grid (haloes and bands come from steep grids,
       blotches from tints that change from place to place)

A run that keeps a light learned before (`keep_light`) shows D the detail of pictures alone, and ties what is coarser to
that light: else a texture network first learns what is quickest to learn, another tint.

Reals and fakes get the same faint noise, so that D cannot tell them by the eight-bit steps of the stored ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.training.camera.augmenter_losses import (
    cast_roughness,
    clamp_straight_through,
    coarse,
    detail,
    grid_roughness,
    spread,
    structure_loss,
)
from genmodels_ros.training.camera.image_domains import Batch
from genmodels_ros.training.collapse_watch import preference
from genmodels_ros.training.gan_objectives import OBJECTIVES, clip_weights

REDUCTION = 4  # of the second picture that diversity is measured on, and of structure where texture may change


@dataclass(frozen=True)
class Settings:
    """What a run can be told beside its data. `objective` is one of gan_objectives.OBJECTIVES."""

    objective: str = "non_saturating"
    consistency: str = "none"  # one of consistency.CONSISTENCIES
    gamma: float | None = None  # of the penalty; None: the objective's own
    penalty_every: int = 8  # rounds
    structure: float = 0.5
    consistency_weight: float = 1.0
    diversity: float = 0.3
    smoothness: float = 2.0
    cast: float = 200.0
    keep_light: bool = False  # of a translator: the recolouring stays as it starts, only texture is learned
    tint: float = 10.0  # what a kept light costs to change
    label_dropout: float = 0.2  # share of rounds without labels, so that a picture without them works, too
    generator_rate: float = 4e-4
    discriminator_rate: float = 4e-4
    dither: float = 2 / 255  # standard deviation of the noise on what D sees
    discriminator_width: int = 32
    discriminator_layers: int = 4  # 3: patches of 22 pixels instead of 46
    width: int = 48
    save_every: int = 250  # rounds

    def discriminator(self) -> dict[str, int]:
        """Its part of ImageTranslationGAN's configuration."""
        return {"discriminator_width": self.discriminator_width, "discriminator_layers": self.discriminator_layers}


TEXTURE = Settings(  # over a kept light
    keep_light=True, discriminator_layers=3, gamma=2.0, structure=0.1, consistency_weight=0.5, generator_rate=1e-3
)


class TranslationGame:
    """Both players, their optimisers, and one round. `show` is what D sees of a picture: see differentiable
    augmentation, for small data."""

    def __init__(
        self,
        model: ImageTranslationGAN,
        settings: Settings,
        rng: torch.Generator,
        device: torch.device,
        *,
        consistency: nn.Module | None = None,
        show: Callable[[Tensor], Tensor] = lambda images: images,
    ):
        self.model, self.settings, self.rng, self.device = model.to(device), settings, rng, device
        self.consistency = None if consistency is None else consistency.to(device)
        self.objective = OBJECTIVES[settings.objective]
        self.show = (lambda images: detail(show(images))) if settings.keep_light else show
        self.gamma = self.objective.gamma if settings.gamma is None else settings.gamma
        if settings.keep_light:
            model.generator.light.requires_grad_(False)
        moved = [parameter for parameter in model.generator.parameters() if parameter.requires_grad]
        tied = [] if consistency is None else list(consistency.parameters())
        players = {
            "generator": ([*moved, *tied], settings.generator_rate),
            "discriminator": (list(model.discriminator.parameters()), settings.discriminator_rate),
        }
        self.optimizers = {
            name: torch.optim.Adam(parameters, rate, betas=(0.0, 0.99)) for name, (parameters, rate) in players.items()
        }

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.rng).to(self.device)

    def round(self, number: int, draw: Callable[[], Batch]) -> dict[str, float]:
        """Round `number` with fresh batches of `draw()`; returns what `CollapseWatch` watches."""
        for _ in range(self.objective.discriminator_steps - 1):
            batch = draw()
            with torch.no_grad():
                fake = self._translated(batch)[2]
            self._update_discriminator(number, self._shown(batch.target), self._shown(fake), batch.style)
        batch = draw()
        transform, clean, fake = self._translated(batch)
        real, shown = self._shown(batch.target), self._shown(clamp_straight_through(fake))
        watched = self._update_discriminator(number, real, shown.detach(), batch.style)
        return watched | self._update_generator(batch, real, shown, clean, transform)

    def _translated(self, batch: Batch):
        """(what G decided, its picture without noise, with noise)."""
        generator, source = self.model.generator, batch.source
        dropped = float(torch.rand((), generator=self.rng)) < self.settings.label_dropout
        transform = generator.transform(
            source,
            batch.style,
            self.normal(len(source), generator.latent),
            None if dropped else batch.labels,
            self.normal(len(source), 1, *generator.cells(*source.shape[-2:])),
        )
        clean = transform.apply(source)
        return transform, clean, transform.add_noise(clean, self.normal(*source.shape))

    def _shown(self, images: Tensor) -> Tensor:
        return self.show(images + self.settings.dither * self.normal(*images.shape))

    def _update_discriminator(self, number: int, real: Tensor, fake: Tensor, style: Tensor) -> dict[str, float]:
        discriminator, every = self.model.discriminator, self.settings.penalty_every
        real_logits, fake_logits = discriminator(real, style), discriminator(fake, style)
        loss = self.objective.discriminator(real_logits, fake_logits)
        if self.objective.penalty is not None and self.gamma and number % every == 0:
            penalty = self.objective.penalty(lambda x: discriminator(x, style), real, fake, self.rng)
            loss = loss + self.gamma * every * penalty
        _descend(self.optimizers["discriminator"], loss)
        if self.objective.clip is not None:
            clip_weights(discriminator, self.objective.clip)
        middle = 0.5 * (real_logits.detach().mean() + fake_logits.detach().mean())
        return {
            "discriminator_accuracy": preference(real_logits, fake_logits),
            "overfitting": float((real_logits.detach().flatten(1).mean(1) - middle).sign().mean()),
        }

    def _update_generator(self, batch: Batch, real, shown, clean, transform) -> dict[str, float]:
        settings, discriminator = self.settings, self.model.discriminator.requires_grad_(False)
        with torch.no_grad():
            real_logits = discriminator(real, batch.style)
        adversarial = self.objective.generator(real_logits, discriminator(shown, batch.style))
        diversity = self._diversity(batch, clean)
        scale = REDUCTION if transform.cell > 1 else 1  # texture finer than a cell is free
        before, after = (F.avg_pool2d(x, scale) for x in (batch.source, clean))
        loss = (
            adversarial
            + settings.structure * structure_loss(before, after)
            - settings.diversity * diversity.clamp(max=0.15).mean()
            + settings.smoothness * grid_roughness(transform.light.grid)
            + settings.cast * cast_roughness(transform.light.grid)
        )
        measured = {"diversity": float(diversity.detach().mean()), "adversarial": float(adversarial.detach())}
        if settings.keep_light:
            lit = transform.light.apply(batch.source)
            loss = loss + settings.tint * (coarse(clean) - coarse(lit)).abs().mean()
        if self.consistency is not None:
            tie = self.consistency(batch.source, clean.clamp(0, 1), self.rng)
            loss = loss + settings.consistency_weight * tie
            measured["consistency"] = float(tie.detach())
        _descend(self.optimizers["generator"], loss)
        discriminator.requires_grad_(True)
        return measured

    def _diversity(self, batch: Batch, clean: Tensor) -> Tensor:
        """Difference to the translation under another code [B]; light and colour show in a reduced picture."""
        generator = self.model.generator
        code = self.normal(len(clean), generator.latent)
        other = generator.transform(batch.source, batch.style, code).light
        return spread(clean, other.apply(F.avg_pool2d(batch.source, REDUCTION)), REDUCTION)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
