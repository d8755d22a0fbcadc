"""Trains the image augmenter: unpaired translation from source pictures to the styles of target pictures.

    1. the game of translation_game.py; the averaged generator is looked at now and then (translation_watch.py), the
       best one is kept, and the run ends early when none was better for a while
    2. the style encoder of the finished generator (style_encoder.py)

The pictures come from shards (`data`), or are a user's own (`source`, `target`): see augmenter_data.py.
"""

import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan import ImageTranslationGAN
from genmodels_ros.pipelines.augmentation import ImageAugmenter
from genmodels_ros.training.augmenter_data import AugmenterData, load_data
from genmodels_ros.training.augmenter_heldout import held_out_metrics, kept_edges
from genmodels_ros.training.augmenter_losses import target_spread
from genmodels_ros.training.collapse_watch import CollapseWatch
from genmodels_ros.training.consistency import make_consistency
from genmodels_ros.training.image_domains import Batch
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)
from genmodels_ros.training.style_encoder import EncoderSettings, train_style_encoder
from genmodels_ros.training.translation_game import Settings, TranslationGame
from genmodels_ros.training.translation_watch import Best, TranslationWatch

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


def train(
    *,
    out: Path,
    data: Path | None = None,
    source: Path | None = None,
    target: tuple[Path, ...] = (),
    style: tuple[str, ...] = (),
    labels: Path | None = None,
    network: str = "bilateral",
    size: str = "teacher",
    objective: str | None = None,
    consistency: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    minutes: float = Schedule.minutes,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    settings: Settings | None = None,
    schedule: Schedule | None = None,
) -> Card:
    """Plays the game and writes generator (averaged weights) and style encoder to `out`.

    data: shards of `genmodels data augmenter`; or `target`, pictures of each of the `style`s, with `source` (simulated
    frames when None) and the sources' `labels`. network: bilateral or translator, that of `size`.
    Raises GenModelsError: INVALID_IMAGE for data that is missing or too little, MODEL_UNAVAILABLE for a resume that
    does not fit, NOT_FINITE for a game that diverged.
    """
    place, rng = resolve_device(device), generator(seed)
    settings, schedule = settings or Settings(), schedule or Schedule()
    schedule = replace(schedule, steps=steps, batch_size=batch_size, minutes=minutes).for_network(network)
    consistency = consistency or ("none" if network == "bilateral" else "contrastive")
    settings = replace(settings, objective=objective or settings.objective, consistency=consistency)
    width = 128 if network == "bilateral" else 160
    found = load_data(data, source, target, style, labels, width=width, out=Path(out), device=place, seed=seed)
    config = {"styles": list(found.train.styles), "width": settings.width}
    if network != "bilateral":
        config |= {"network": network, "size": size, "label_values": _listed(found.label_values)}
    card = Card(
        model="image_translation_gan",
        config=config,
        data={**found.card, "settings": asdict(settings)},
        command=f"{found.command} --out OUT --network {network}"
        + (f" --size {size}" if network != "bilateral" else "")
        + f" --objective {settings.objective} --consistency {consistency}"
        f" --steps {schedule.steps} --batch-size {schedule.batch_size} --seed {seed}",
        seed=seed,
    )
    run = _Run(card, found, settings, schedule, rng, place, Path(out))
    steps_done = run.play(resume)
    return run.finish(steps_done, device)


def _listed(values: tuple | None) -> list | None:
    """As JSON reads it back."""
    return None if values is None else list(values)


class _Run:
    """The state of one training run, and its phases."""

    def __init__(self, card: Card, found: AugmenterData, settings: Settings, schedule: Schedule, rng, place, out: Path):
        self.card, self.found, self.settings, self.schedule = card, found, settings, schedule
        self.rng, self.place, self.out = rng, place, out
        torch.manual_seed(card.seed)  # initial weights
        model = ImageTranslationGAN(**card.config, discriminator_width=settings.discriminator_width)
        inverse = {**card.config, "styles": ["source"], "label_values": None}
        tie = make_consistency(settings.consistency, lambda: ImageTranslationGAN(**inverse).generator)
        self.game = TranslationGame(model, settings, rng, place, consistency=tie)
        self.average = ExponentialMovingAverage(model.generator)
        self.best = Best(self.average.average)
        modules = {"model": model, "average": self.average.average, "best": self.best}
        if tie is not None:
            modules["consistency"] = tie
        self.state = TrainingState(out, modules=modules, optimizers=self.game.optimizers, rng=rng)
        self.collapse = CollapseWatch(target_spread(found.train, generator(card.seed)))
        self.watch = TranslationWatch(found.held_out)

    def play(self, resume: bool) -> int:
        """The game, from the last save on if `resume`; returns the rounds played in all."""
        schedule, settings, started = self.schedule, self.settings, time.monotonic()
        first = self.state.load() if resume else 0
        rates = {"generator": settings.generator_rate, "discriminator": settings.discriminator_rate}
        played = first
        for step in progress(first, schedule.steps, "augmenter"):
            for name, rate in rates.items():
                set_learning_rate(self.game.optimizers[name], cosine_learning_rate(step, schedule.steps, rate))
            self.collapse.add(step, self.game.round(step, self._batch))
            self.average.update(self.game.model.generator, step)
            played = step + 1
            if played % schedule.look_every == 0 or played == schedule.steps:
                self.best.look(self.average.average, self.watch.measure(self.average.average))
                log.info("step %d: distance %.3f, best %.3f", played, self.watch.latest, float(self.best.distance))
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
        augmenter = ImageAugmenter(model, card, device=device, mark=False)
        if self.found.rendered is not None:
            held_out = held_out_metrics(augmenter, self.found.rendered, seed=card.seed)
        else:
            held_out = kept_edges(augmenter, self.found.held_out, seed=card.seed)
        named = {f"encoder_{name}": value for name, value in measured.items()}
        return save_checkpoint(self.out, model, replace(card, metrics={**held_out, **self._watched(), **named}))

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
