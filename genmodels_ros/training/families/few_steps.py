"""A diffusion model of vectors that samples in one step or two: it learns where the curves of another one end.

    min  |f(x_t, t) - x_0(x_t, t)|²      x_0(x_t, t): the end of the teacher's curve through x_t, by its own sampler

f, the student's estimate of x_0, is the consistency function of Song et al. 2023 ("Consistency Models", section 3);
at t = T alone this is Luhman & Luhman 2021 ("Knowledge Distillation in Iterative Generative Models"). Consistency
distillation takes f(x_s, s) one step further down for the end instead: cheaper a step, but what it knows has to climb
from t = 0 to T. On two clusters it was 4 times as far from the data after 400 steps, and curves of vectors cost little.
"""

import time
from dataclasses import asdict

import torch
from torch import Tensor

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.diffusion.vectors import VectorDiffusion
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.sampling.reverse_process import inference_steps, sample
from genmodels_ros.sampling.samplers import SAMPLERS
from genmodels_ros.training.fitting import FitOptions, Fitted, descend

PARTS = 4  # of a batch, each of which begins at a step of its own


class Lesson(Standardised):
    """The student, in the data's units; what its loss is. The teacher is no part of its weights."""

    def __init__(self, teacher: Standardised, num_steps: int):
        settings = asdict(teacher.core.config) | {"guidance": 1.0}
        student = VectorDiffusion.from_config(settings | {"sampler": "consistency", "inference_steps": num_steps})
        super().__init__(teacher.family, student)
        self.load_state_dict(teacher.state_dict())
        self.described = teacher.described
        unguided = VectorDiffusion.from_config(settings).eval().requires_grad_(False)
        unguided.load_state_dict(teacher.core.state_dict())
        self.hidden = (unguided,)  # a tuple: not registered

    @property
    def teacher(self) -> VectorDiffusion:
        return self.hidden[0].to(self.centre.device)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        """While training over all steps, else over the one step from noise that samples are drawn by."""
        x_0, c = self.inner(x), self.inner_condition(condition, len(x))
        if not self.training:
            return self.error(torch.zeros_like(x_0), c, 0, rng)
        total = x_0.new_zeros(())
        for rows in torch.arange(len(x_0)).to(x_0.device).tensor_split(min(PARTS, len(x_0))):
            first = int(torch.randint(len(self.steps), (1,), generator=rng))
            total = total + len(rows) * self.error(x_0[rows], None if c is None else c[rows], first, rng)
        return total / len(x_0)

    @property
    def steps(self) -> list[int]:
        """The teacher's."""
        return inference_steps(self.core.schedule.num_steps, self.teacher.config.inference_steps)

    def error(self, x_0: Tensor, c: Tensor | None, first: int, rng: torch.Generator) -> Tensor:
        """Mean square, from x_t at the teacher's step number `first`; at 0 next to nothing of x_0 is left."""
        eps = torch.randn(x_0.shape, generator=rng, dtype=x_0.dtype).to(x_0.device)
        steps, config = self.steps[first:], self.teacher.config
        x_t = self.core.schedule.forward_process(x_0, steps[0], eps)
        end = sample(
            self.teacher.denoiser(c),
            x_t,
            self.core.schedule,
            steps,
            sampler=SAMPLERS[config.sampler],
            prediction=config.prediction,
            x_0_bound=config.x_0_bound,
        )
        return (self.core.estimate(x_t, steps[0], c)[0] - end).square().mean()


def distil(
    teacher: Standardised, card: Card, data: Vectors, options: FitOptions | None = None, *, num_steps: int = 1
) -> Fitted:
    """A student that samples in num_steps, of a teacher and its card, learnt on the rows that it was fitted to.

    A teacher's guidance is not handed on. Raises GenModelsError(UNSUPPORTED) for what cannot be a teacher.
    """
    _check(teacher)
    options = options or FitOptions()
    device, rng = resolve_device(options.device), generator(options.seed)
    torch.manual_seed(options.seed)
    lesson = Lesson(teacher, num_steps).to(device)
    training, held_out = data.split(options.held_out, rng)
    started = time.process_time()
    history = descend(lesson, training.to(device), held_out.to(device), options, rng)
    history.seconds = time.process_time() - started
    student = Standardised(teacher.family, lesson.core)
    student.load_state_dict(lesson.state_dict())
    student.described = lesson.described
    student.cpu().eval()
    card = Card(
        model="family",
        config=student.card_config,
        data=card.data | {"teacher_sha256": card.sha256},
        command=f"genmodels distill TEACHER --data DATA --out OUT --steps {options.steps} --seed {options.seed}",
        seed=options.seed,
        steps=history.best_step,
        metrics={"squared_error_of_one_step": min(history.losses), "seconds": round(history.seconds, 1)},
    )
    if options.out is not None:
        card = save_checkpoint(options.out, student, card)
    return Fitted(student, history, card)


def _check(teacher: Standardised) -> None:
    core, wrong = teacher.core, None
    if not isinstance(core, VectorDiffusion) or core.distilled:
        wrong = "Only a diffusion model can be a teacher: fit --family diffusion."
    elif core.config.prediction == "eps":
        wrong = "eps tells nothing of x_0 in pure noise: fit a teacher with --set prediction=v, or flow."
    elif core.config.sampler == "ddpm":
        wrong = "A student follows curves and ddpm has none: fit a teacher with another sampler."
    if wrong is not None:
        raise GenModelsError(ErrorCode.UNSUPPORTED, wrong)
