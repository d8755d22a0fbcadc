"""Fits a GAN of vectors: the game of training/adversarial_game.py, watched, its best averaged generator kept.

A step is a round: as many updates of D as the objective wants, then one of G. As no loss of a game tells how good its
samples are, the held-out rows are compared with as many made ones, conditions with them, by the energy distance

    2 E|x - y| - E|x - x'| - E|y - y'|        (Székely & Rizzo 2013; a kernel distance with kernel -|x - y|)

and the weights of the look with the least are kept. The game is not stopped early: it gets sharp at the end.
"""

import copy
from pathlib import Path

import torch
from torch import Tensor

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.device import generator
from genmodels_ros.models.family import with_condition
from genmodels_ros.models.gan.vectors import VectorGAN
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.training.adversarial_game import AdversarialGame, adam
from genmodels_ros.training.collapse_watch import CollapseWatch, CoverageProbe
from genmodels_ros.training.fitting import FitOptions, History
from genmodels_ros.training.gan_objectives import OBJECTIVES, unit_gradient_penalty
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

MOMENTUM = 0.5
LAST_GAMMA = 0.05  # of gamma, at the end
PENALTY_EVERY = 4
MOST_ROWS = 1000  # compared at a look
FEWEST_COVERED = 40  # rows, for coverage to mean something


def fit_by_game(
    model: Standardised, training: Vectors, held_out: Vectors, options: FitOptions, rng: torch.Generator
) -> History:
    """Leaves the best averaged generator in `model`. Raises GenModelsError(NOT_FINITE) for a game that ran away."""
    core: VectorGAN = model.core
    rates = (options.learning_rate, options.learning_rate)  # scheduled below
    optimizers = adam(core.generator, core.discriminator, rates, MOMENTUM)
    objective, gamma = OBJECTIVES[core.config.objective], core.config.gamma
    own_scale = objective.penalty is unit_gradient_penalty  # has one right weight, the objective's
    game = AdversarialGame(
        objective, core.generator, core.discriminator, optimizers, rng=rng, penalty_every=PENALTY_EVERY
    )
    average = ExponentialMovingAverage(core.generator, options.decay)
    best, history = copy.deepcopy(average.average), History()
    modules = {"model": model, "average": average.average, "best": best}
    state = TrainingState(options.out or Path(), modules=modules, optimizers=optimizers, rng=rng)
    first = history.best_step = state.load() if options.resume and options.out else 0
    real = _joint(model, held_out[torch.arange(min(MOST_ROWS, len(held_out))).to(held_out.x.device)])
    watch = CollapseWatch(grace=options.steps // 2, settings="")
    probe = CoverageProbe(real, lambda x: x) if len(real) >= FEWEST_COVERED else None
    least = energy_distance(_made(core, best, real), real) if first else float("inf")
    look_every, rows = max(1, options.steps // options.looks), training.batches(options.batch_size, rng)
    bar = progress(first, options.steps, model.family)
    for step in bar:
        for name, optimizer in optimizers.items():
            peak = options.learning_rate * (core.config.discriminator_rate if name == "discriminator" else 1.0)
            set_learning_rate(optimizer, cosine_learning_rate(step, options.steps, peak, warmup=50, floor=0.0))
        if not own_scale:
            game.gamma = gamma * LAST_GAMMA ** (step / options.steps)
        watch.add(step, game.round(step, lambda: _joint(model, next(rows)), lambda: _codes(model, next(rows), rng)))
        average.update(core.generator, step)
        if (step + 1) % look_every and step + 1 < options.steps:
            continue
        made = _made(core, average.average, real)
        if probe is not None:
            watch.look(step, probe, made[: probe.size])
        distance = energy_distance(made, real)
        history.steps.append(step + 1)
        history.losses.append(distance)
        bar.set_postfix(held_out=f"{distance:.4f}")
        if distance < least:
            least, history.best_step = distance, step + 1
            best.load_state_dict(average.average.state_dict())
        if options.out is not None:
            state.save(step + 1)
    core.generator.load_state_dict(best.state_dict())
    history.warnings += watch.warnings()
    return history


@torch.no_grad()
def energy_distance(x: Tensor, y: Tensor) -> float:
    """Of two samples [N, F] and [M, F]; 0 for one distribution, with pairs of a row and itself left out."""
    within = [torch.pdist(sample).mean() for sample in (x, y)]
    return float(2 * torch.cdist(x, y).mean() - within[0] - within[1])


def _joint(model: Standardised, rows: Vectors) -> Tensor:
    """(x, c) in the family's units [N, D + C]."""
    return with_condition(model.inner(rows.x), model.inner_condition(rows.condition, len(rows)))


def _codes(model: Standardised, rows: Vectors, rng: torch.Generator) -> Tensor:
    """What G is given, with the conditions of `rows` [N, Z + C]."""
    return with_condition(model.core.code(len(rows), rng), model.inner_condition(rows.condition, len(rows)))


@torch.no_grad()
def _made(core: VectorGAN, generator_: torch.nn.Module, real: Tensor) -> Tensor:
    """As many as the real rows (x, c), with their conditions; always from the same codes."""
    condition = real[:, core.config.dimension :]
    return generator_(torch.cat([core.code(len(real), generator(0)), condition], dim=1))
