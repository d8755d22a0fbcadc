"""A fast translator that learns from a slow one (teacher → student; Li et al. 2020, "GAN Compression").

Both are given the same picture, style, code and grain, so that the student has one answer to learn, the teacher's:

    |S - T|_1 + gradients |grad S - grad T|_1 + adversarial: D tells S(x) from T(x)

The student's bilateral part is the teacher's own, copied: what is left to learn is the texture.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, load_checkpoint, save_checkpoint
from genmodels_ros.models.gan import Discriminator, ImageTranslationGAN, Translator
from genmodels_ros.training.camera.own_pictures import MIN_SOURCES, read_pictures
from genmodels_ros.training.gan_objectives import OBJECTIVES
from genmodels_ros.training.loop import ExponentialMovingAverage, cosine_learning_rate, progress, set_learning_rate

TIMED = (256, 256)  # pixels of the picture that the speed-up is measured on


@dataclass(frozen=True)
class DistillationSettings:
    """Weights of the terms above, and learning rates."""

    gradients: float = 1.0
    adversarial: float = 0.02
    gamma: float = 1.0
    penalty_every: int = 8
    rate: float = 1e-3
    discriminator_rate: float = 4e-4
    size: str = "student"


def imitation_loss(student: Tensor, teacher: Tensor, gradients: float) -> Tensor:
    """L1 of the pictures and of their differences along both axes, which are what a blurred copy would lack."""
    loss = F.l1_loss(student, teacher)
    return loss + gradients * sum(F.l1_loss(student.diff(dim=d), teacher.diff(dim=d)) for d in (-1, -2))


def train(
    *, teacher: Path, data: Path, out: Path, steps: int, batch_size: int = 6, seed: int = 0, device: str = "auto",
    settings: DistillationSettings | None = None,
) -> Card:  # fmt: skip
    """Writes the student of the translator in `teacher`, learned on the pictures of `data`, with how well it agrees.

    Raises GenModelsError: MODEL_UNAVAILABLE for a checkpoint that is no translator; INVALID_IMAGE for too few pictures.
    """
    settings, place, rng = settings or DistillationSettings(), resolve_device(device), generator(seed)
    model, card = load_checkpoint(Path(teacher), "image_translation_gan")
    if not isinstance(model.generator, Translator):
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"{teacher} recolours and is fast already: only a translator has a student."
        )
    shape = {key: card.data[key] for key in ("width", "height") if key in card.data}
    pictures = read_pictures(Path(data), minimum=MIN_SOURCES, **{"width": 160, **shape}).rgb.to(place)
    torch.manual_seed(seed)  # initial weights
    student = ImageTranslationGAN(**{**card.config, "size": settings.size})
    student.generator.light.load_state_dict(model.generator.light.state_dict())
    if model.style_encoder is not None:
        student.style_encoder.load_state_dict(model.style_encoder.state_dict())
    lesson = _Lesson(model.to(place).requires_grad_(False), student.to(place), settings, rng, place)
    held_out = pictures[-min(32, len(pictures) // 10) :]
    pictures = pictures[: -len(held_out)]
    average = ExponentialMovingAverage(student.generator.texture)
    for step in progress(0, steps, "student"):
        for name, rate in (("student", settings.rate), ("discriminator", settings.discriminator_rate)):
            set_learning_rate(lesson.optimizers[name], cosine_learning_rate(step, steps, rate, warmup=50))
        chosen = torch.randint(len(pictures), (batch_size,), generator=rng)
        lesson.step(step, pictures[chosen].float() / 255)
        average.update(student.generator.texture, step)
    student.generator.texture.load_state_dict(average.average.state_dict())
    metrics = agreement(model, student, held_out.float() / 255, generator(seed))
    return save_checkpoint(
        out,
        student.eval(),
        replace(
            card,
            config={**card.config, "size": settings.size},
            data={**card.data, "teacher_sha256": card.sha256},
            metrics=metrics,
            seed=seed,
            steps=steps,
            command=f"genmodels train augmenter-student --teacher TEACHER --data DATA --out OUT --steps {steps} "
            f"--batch-size {batch_size} --seed {seed}",
        ),
    )


class _Lesson:
    """One batch: the teacher paints, the student imitates, D compares."""

    def __init__(self, teacher: ImageTranslationGAN, student: ImageTranslationGAN, settings, rng, place):
        self.teacher, self.student, self.settings = teacher, student, settings
        self.rng, self.place, self.objective = rng, place, OBJECTIVES["relativistic"]
        self.discriminator = Discriminator(len(student.styles)).to(place)
        self.optimizers = {
            "student": torch.optim.Adam(student.generator.texture.parameters(), settings.rate),
            "discriminator": torch.optim.Adam(
                self.discriminator.parameters(), settings.discriminator_rate, betas=(0.0, 0.99)
            ),
        }

    def step(self, number: int, images: Tensor) -> None:
        settings, judge = self.settings, self.discriminator
        style, conditions = draw(self.teacher, images, self.rng)
        with torch.no_grad():
            wanted = self.teacher.generator.transform(images, style, **conditions).apply(images).clamp(0, 1)
        made = self.student.generator.transform(images, style, **conditions).apply(images)
        loss = self.objective.discriminator(judge(wanted, style), judge(made.detach(), style))
        if number % settings.penalty_every == 0:
            penalty = self.objective.penalty(lambda x: judge(x, style), wanted, made.detach(), self.rng)
            loss = loss + settings.gamma * settings.penalty_every * penalty
        self._descend("discriminator", loss)
        judge.requires_grad_(False)
        adversarial = self.objective.generator(judge(wanted, style), judge(made, style))
        self._descend("student", imitation_loss(made, wanted, settings.gradients) + settings.adversarial * adversarial)
        judge.requires_grad_(True)

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[name].step()


def draw(model: ImageTranslationGAN, images: Tensor, rng: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
    """(style [B], code and grain) at random, the same for teacher and student, whose cells are of one side."""
    network, count = model.generator, len(images)
    style = torch.randint(len(model.styles), (count,), generator=rng).to(images.device)
    z = torch.randn(count, network.latent, generator=rng).to(images.device)
    grain = torch.randn(count, 1, *network.cells(*images.shape[-2:]), generator=rng).to(images.device)
    return style, {"z": z, "grain": grain}


@torch.no_grad()
def agreement(teacher: ImageTranslationGAN, student: ImageTranslationGAN, images: Tensor, rng) -> dict[str, float]:
    """On pictures [N, 3, H, W] not learned from: PSNR of the student's to the teacher's [dB], and of the plain
    bilateral picture to it, which the student has to beat; the speed-up on one picture of TIMED."""
    style, conditions = draw(teacher, images, rng)
    wanted, made = (
        one.generator.transform(images, style, **conditions).apply(images).clamp(0, 1) for one in (teacher, student)
    )
    plain = teacher.generator.light.transform(images, style, conditions["z"]).apply(images).clamp(0, 1)
    seconds = [_seconds(one, images.device) for one in (teacher, student)]
    return {
        "agreement_psnr": round(_psnr(made, wanted), 2),
        "bilateral_psnr": round(_psnr(plain, wanted), 2),
        "speed_up": round(seconds[0] / seconds[1], 2),
    }


def _psnr(first: Tensor, second: Tensor) -> float:
    return float(-10 * torch.log10(F.mse_loss(first, second) + 1e-10))


def _seconds(model: ImageTranslationGAN, device: torch.device) -> float:
    """Processor seconds of the network on one picture, the least of five."""
    image = torch.rand(1, 3, *TIMED, device=device)
    style, z = torch.zeros(1, dtype=torch.long, device=device), torch.zeros(1, model.generator.latent, device=device)
    times = []
    for _ in range(5):
        started = time.process_time()
        model.generator.transform(image, style, z).apply(image)
        times.append(time.process_time() - started)
    return min(times)
