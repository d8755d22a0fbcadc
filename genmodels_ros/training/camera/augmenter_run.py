"""One training run of the augmenter: the game, looked at now and then, and what is done when it is over."""

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from genmodels_ros.device import generator
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN, Translator
from genmodels_ros.training.camera.augmenter_data import AugmenterData
from genmodels_ros.training.camera.augmenter_losses import target_spread
from genmodels_ros.training.camera.cell_pattern import SHOWS
from genmodels_ros.training.camera.consistency import make_consistency
from genmodels_ros.training.camera.differentiable_augmentation import AdaptiveStrength, augment
from genmodels_ros.training.camera.image_domains import Batch
from genmodels_ros.training.camera.style_encoder import EncoderSettings, train_style_encoder
from genmodels_ros.training.camera.translation_game import Settings, TranslationGame
from genmodels_ros.training.camera.translation_watch import Best, TranslationWatch
from genmodels_ros.training.collapse_watch import CollapseWatch
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

FEW_TARGETS = 1000  # with fewer, what the discriminator sees is augmented, so that it cannot learn them by heart

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """How long a run goes on. Rounds by network when None: about an hour on two cores."""

    steps: int | None = None
    batch_size: int | None = None
    minutes: float = 60.0  # of this process; a run that is stopped by it can be resumed
    patience: int = 8  # looks without a better generator
    look_every: int = 250  # rounds
    encoder_steps: int = 600

    def for_network(self, network: str) -> "Schedule":
        steps, batch_size = (5000, 12) if network == "bilateral" else (3000, 6)
        return replace(self, steps=self.steps or steps, batch_size=self.batch_size or batch_size)


class AugmenterRun:
    """The state of one training run, and its phases."""

    def __init__(self, card: Card, found: AugmenterData, settings: Settings, schedule: Schedule, rng, place, out: Path):
        self.card, self.found, self.settings, self.schedule = card, found, settings, schedule
        self.rng, self.place, self.out = rng, place, out
        torch.manual_seed(card.seed)  # initial weights
        model = ImageTranslationGAN(**card.config, **settings.discriminator())
        inverse = {**card.config, "styles": ["source"], "label_values": None}
        tie = make_consistency(settings.consistency, lambda: ImageTranslationGAN(**inverse).generator)
        few = min(len(target) for target in found.train.targets) < FEW_TARGETS
        self.strength = AdaptiveStrength() if few else None
        show = (lambda images: augment(images, self.strength.strength, rng)) if few else lambda images: images
        self.game = TranslationGame(model, settings, rng, place, consistency=tie, show=show)
        self.average = ExponentialMovingAverage(model.generator)
        self.best = Best(self.average.average)
        modules = {"model": model, "average": self.average.average, "best": self.best}
        modules |= {} if tie is None else {"consistency": tie}
        modules |= {} if self.strength is None else {"strength": self.strength}
        self.state = TrainingState(out, modules=modules, optimizers=self.game.optimizers, rng=rng)
        self.collapse = CollapseWatch(target_spread(found.train, generator(card.seed)))
        self.watch = TranslationWatch(found.held_out)

    def start_from(self, folder: Path) -> None:
        """Takes over the weights in `folder`. Raises GenModelsError(MODEL_UNAVAILABLE) if they do not fit."""
        known, _ = load_checkpoint(folder, "image_translation_gan")
        network = self.game.model.generator
        if isinstance(network, Translator) and not isinstance(known.generator, Translator):
            network = network.light
        try:
            network.load_state_dict(known.generator.state_dict())
        except (RuntimeError, AttributeError) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, f"{folder} cannot be where this network starts: it has another shape."
            ) from error
        self.average.average.load_state_dict(self.game.model.generator.state_dict())
        distance = self.watch.measure(self.average.average)
        if not self.settings.keep_light:  # without its texture, which is what is wanted there
            self.best.look(self.average.average, distance)
        log.info("the start: distance %.3f", distance)

    def play(self, resume: bool) -> int:
        """The game, from the last save on if `resume`; returns the rounds played in all."""
        schedule, settings, started = self.schedule, self.settings, time.monotonic()
        first = self.state.load() if resume else 0
        rates = {"generator": settings.generator_rate, "discriminator": settings.discriminator_rate}
        played = first
        for step in progress(first, schedule.steps, "augmenter"):
            for name, rate in rates.items():
                set_learning_rate(self.game.optimizers[name], cosine_learning_rate(step, schedule.steps, rate))
            measured = self.game.round(step, self._batch)
            if self.strength is not None:
                measured["strength"] = self.strength.update(measured["overfitting"], schedule.batch_size)
            self.collapse.add(step, measured)
            self.average.update(self.game.model.generator, step)
            played = step + 1
            if played % schedule.look_every == 0 or played == schedule.steps:
                self.best.look(self.average.average, self.watch.measure(self.average.average))
                log.info("step %d: distance %.3f, best %.3f", played, self.watch.latest, float(self.best.distance))
                if self.watch.pattern > SHOWS:
                    log.warning("step %d: pictures show the grid of the cells (%.2f)", played, self.watch.pattern)
            if played % settings.save_every == 0:
                self._save(played)
            if self.best.looks_since >= schedule.patience:
                log.info("step %d: no better for %d looks; stopping early", played, schedule.patience)
                break
            if time.monotonic() - started > 60 * schedule.minutes:
                log.info("step %d: %g minutes are over; --resume goes on", played, schedule.minutes)
                break
        if not self.best.distance.isfinite():  # stopped before the first look
            self.best.look(self.average.average, self.watch.measure(self.average.average))
        self._save(played)
        return played

    def finish(self, steps: int, device: str) -> Card:
        """Style encoder and held-out measures of the best generator."""
        model = ImageTranslationGAN(**self.card.config)
        model.generator.load_state_dict(self.best.network.state_dict())
        torch.manual_seed(self.card.seed)  # initial weights, those of a resumed run as well
        encoder, measured = train_style_encoder(
            model,
            self.found.train,
            steps=self.schedule.encoder_steps,
            batch_size=24,
            rng=generator(self.card.seed),
            device=self.place,
        )
        model.style_encoder = encoder
        config = {**self.card.config, "style_encoder_width": EncoderSettings.width}
        card = replace(self.card, config=config, steps=steps)
        held_out = self._held_out(model, card, device)
        named = {f"encoder_{name}": value for name, value in measured.items()}
        return save_checkpoint(self.out, model, replace(card, metrics={**held_out, **self._watched(), **named}))

    def _held_out(self, model: ImageTranslationGAN, card: Card, device: str) -> dict[str, float]:
        """What the gate says of held-out frames; nothing on a machine that only trains and lacks what a gate needs."""
        try:
            from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
            from genmodels_ros.training.camera.augmenter_heldout import held_out_metrics, kept_edges
        except ImportError as error:
            log.warning("Held-out frames are not judged here: %s", error)
            return {}
        augmenter = ImageAugmenter(model, card, device=device, mark=False)
        if self.found.rendered is not None:
            return held_out_metrics(augmenter, self.found.rendered, seed=card.seed)
        return kept_edges(augmenter, self.found.held_out, seed=card.seed)

    def _batch(self) -> Batch:
        return self.found.train.batch(self.schedule.batch_size, self.rng)

    def _watched(self) -> dict[str, float]:
        watched = {f"training_{name}": round(value, 4) for name, value in self.collapse.means.items()}
        return {**watched, "target_distance": round(float(self.best.distance), 4)}

    def _save(self, steps: int) -> None:
        """The state, and the generator alone as a checkpoint that can be tried while training goes on."""
        self.state.save(steps)
        model = ImageTranslationGAN(**self.card.config)
        best = self.best.network if self.best.distance.isfinite() else self.average.average
        model.generator.load_state_dict(best.state_dict())
        metrics = self._watched() if self.best.distance.isfinite() else {}
        save_checkpoint(self.out, model, replace(self.card, steps=steps, metrics=metrics))
