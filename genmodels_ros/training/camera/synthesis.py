"""Trains pure synthesis: pictures, and their masks where the data has any, out of nothing but a code.

Any objective of training/gan_objectives.py; what D sees is augmented as far as it overfits
(differentiable_augmentation.py); the averaged generator is what is watched and kept. Pictures of 64 x 64 pixels are the
least that an invisible mark is read from (pipelines/camera/watermark.py), so the default is a little above.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from genmodels_ros.data.image_shards import CARD, load_data_card
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.models.image_features import image_features
from genmodels_ros.training.adversarial_game import AdversarialGame, adam
from genmodels_ros.training.camera.differentiable_augmentation import AdaptiveStrength, augment
from genmodels_ros.training.camera.synthesis_examples import SynthesisExamples, decided
from genmodels_ros.training.collapse_watch import CollapseWatch, CoverageProbe
from genmodels_ros.training.gan_objectives import OBJECTIVES
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

PROBED = 128  # pictures of the coverage's reference, and as many for what is attainable


@dataclass(frozen=True)
class Settings:
    """What a run can be told beside its data. `objective` is one of gan_objectives.OBJECTIVES."""

    objective: str = "relativistic"
    gamma: float | None = None  # of the penalty; None: the objective's own
    last_gamma: float = 0.5  # of gamma, at the end: it falls, as R3GAN's does (Huang et al. 2024)
    penalty_every: int = 8  # rounds
    augmentation: float | None = None  # strength of what D sees changed; None: as far as it overfits
    generator_rate: float = 2e-4  # at 5e-4 all colours of a batch swing round together, and their average is grey
    discriminator_rate: float = 2e-4
    latent: int = 64
    channels: tuple[int, ...] = (192, 128, 64, 32)
    patch: int = 2  # pixels that the finest level paints at once, each way
    save_every: int = 250  # rounds


class _Run:
    """The state of one training run."""

    def __init__(
        self, card: Card, examples: SynthesisExamples, settings: Settings, rng, device: torch.device, out: Path
    ):
        self.card, self.examples, self.settings, self.rng, self.out = card, examples, settings, rng, out
        torch.manual_seed(card.seed)  # initial weights
        try:
            self.model = ImageSynthesisGAN(**card.config, discriminator=True)
        except ValueError as error:  # height and width
            raise GenModelsError(ErrorCode.INVALID_IMAGE, f"{error}: choose others.") from error
        self.model.to(device, memory_format=torch.channels_last)  # a fifth faster on a CPU
        self.average = ExponentialMovingAverage(self.model.generator)
        self.rates = {"generator": settings.generator_rate, "discriminator": settings.discriminator_rate}
        self.strength = AdaptiveStrength()  # not asked where the settings fix one
        self.game = AdversarialGame(
            OBJECTIVES[settings.objective],
            self.model.generator,
            self.model.discriminator,
            adam(self.model.generator, self.model.discriminator, tuple(self.rates.values())),
            rng=rng,
            gamma=settings.gamma,
            penalty_every=settings.penalty_every,
            show=lambda images: augment(decided(images), self.augmentation, rng),
        )
        self.gamma = self.game.gamma
        self.state = TrainingState(
            out,
            modules={"model": self.model, "average": self.average.average, "strength": self.strength},
            optimizers=self.game.optimizers,
            rng=rng,
        )
        self.watch = CollapseWatch()
        probed = torch.linspace(0, len(examples.rgb) - 1, min(len(examples.rgb), 2 * PROBED)).long()
        self.probe = CoverageProbe(examples.rgb[probed], image_features)

    @property
    def augmentation(self) -> float:
        fixed = self.settings.augmentation
        return self.strength.strength if fixed is None else fixed

    def round(self, step: int, steps: int, batch_size: int) -> None:
        for name, rate in self.rates.items():
            set_learning_rate(self.game.optimizers[name], cosine_learning_rate(step, steps, rate))
        self.game.gamma = self.gamma * self.settings.last_gamma ** (step / steps)
        report = self.game.round(
            step, lambda: self.examples.batch(batch_size, self.rng), lambda: self.codes(batch_size, self.rng)
        )
        if self.settings.augmentation is None:
            self.strength.update(report["overfitting"], batch_size)
        self.average.update(self.model.generator, step)
        self.watch.add(step, {**report, "augmentation": self.augmentation})

    def codes(self, count: int, rng: torch.Generator) -> Tensor:
        return torch.randn(count, self.model.generator.latent, generator=rng).to(self.examples.rgb.device)

    @torch.no_grad()
    def save(self, step: int) -> Card:
        """State, generator and card, after a look at how much of the data is reached."""
        codes = self.codes(self.probe.size, generator(self.card.seed))
        made = torch.cat([self.average.average(part)[:, :3].clamp(0, 1) for part in codes.split(32)])
        self.watch.look(step, self.probe, made)
        self.state.save(step)
        shipped = ImageSynthesisGAN(**self.card.config)
        shipped.generator.load_state_dict(self.average.average.state_dict())
        metrics = {f"training_{name}": round(value, 4) for name, value in self.watch.means.items()}
        return save_checkpoint(self.out, shipped, replace(self.card, steps=step, metrics=metrics))


def train(
    *,
    data: Path,
    out: Path,
    steps: int,
    batch_size: int = 8,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    labels: Path | None = None,
    height: int = 64,
    width: int = 80,
    objective: str | None = None,
    augmentation: float | None = None,
    settings: Settings | None = None,
) -> Card:
    """Plays `steps` rounds on the pictures in `data` (folder, recording or shards) and writes the generator to `out`.

    labels: folder of masks of the same names; shards bring their own. augmentation: strength in [0, 1] of what D sees
    changed, as far as it overfits when None. Raises GenModelsError: INVALID_IMAGE for data that is missing or too
    little, or a size that cannot be halved; INVALID_SCALING for a strength outside; MODEL_UNAVAILABLE for a resume
    that does not fit; NOT_FINITE for a game that diverged.
    """
    place, rng = resolve_device(device), generator(seed)
    settings = settings or Settings()
    given = {"objective": objective, "augmentation": augmentation}
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    if augmentation is not None and not 0 <= augmentation <= 1:  # refuses NaN, too
        raise GenModelsError(ErrorCode.INVALID_SCALING, f"augmentation must be in [0, 1], got {augmentation}.")
    fixed = "" if settings.augmentation is None else f"--augmentation {settings.augmentation} "
    examples = SynthesisExamples.load(Path(data), labels, height, width, place)
    card = Card(
        model="image_synthesis_gan",
        config={
            "height": height,
            "width": width,
            "labels": list(examples.values),
            "latent": settings.latent,
            "channels": list(settings.channels),
            "patch": settings.patch,
        },
        data={
            **(load_data_card(data) if (Path(data) / CARD).exists() else {}),
            "pictures": len(examples.rgb),
            "settings": asdict(settings),
        },
        command=f"genmodels train synthesis --data DATA --out OUT --objective {settings.objective} --height {height} "
        f"--width {width} {fixed}--steps {steps} --batch-size {batch_size} --seed {seed}",
        seed=seed,
    )
    run = _Run(card, examples, settings, rng, place, Path(out))
    for step in progress(run.state.load() if resume else 0, steps, "synthesis"):
        run.round(step, steps, batch_size)
        if (step + 1) % settings.save_every == 0 and step + 1 < steps:
            run.save(step + 1)
    return run.save(steps)
