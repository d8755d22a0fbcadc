"""Fits a mixture: expectation-maximisation from several starts; the number of components by BIC where none is asked."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import CARD, load_checkpoint
from genmodels_ros.models.mixture.gaussians import Gaussians
from genmodels_ros.models.mixture.model import GaussianMixture, GaussianMixtureConfig
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.training.families.expectation_maximisation import Rules, Run, run, spread_start
from genmodels_ros.training.fitting import FitOptions, History

SEARCH_TOLERANCE = 1e-4  # nats a row: near enough to tell one number of components from another
WORSE = 2  # numbers of components in a row without a better BIC end the search


@dataclass
class MixtureHistory(History):
    """log_likelihoods: mean log p(c, x) of the training rows in the family's units, at the start and after each step;
    bic: by the number of components tried. `losses` holds one look at the held-out rows: -log p(x | c), at the end.
    """

    log_likelihoods: list[float] = field(default_factory=list)
    bic: dict[int, float] = field(default_factory=dict)


def fit_mixture(
    model: Standardised, training: Vectors, held_out: Vectors, options: FitOptions, rng: torch.Generator
) -> MixtureHistory:
    """options.steps: of expectation-maximisation, at most; of the other settings only seed, out and resume matter.

    A resumed run goes on from the Gaussians of the checkpoint in options.out, if there is one.
    """
    core, history = model.core, MixtureHistory()
    data = _joint(model, training).double()
    rules = Rules(core.config.covariance, core.config.regularisation)
    before = _before(options.out, model) if options.resume and options.out else None
    if before is not None:
        best = run(data, before, rules, options.steps)
    else:
        best = _best(data, core.config, rules, options.steps, rng, history)
    core.take(best.gaussians)
    history.log_likelihoods = list(best.log_likelihoods)
    history.best_step = len(best.log_likelihoods) - 1
    history.steps = [history.best_step]
    with torch.no_grad():
        inner = model.inner(held_out.x), model.inner_condition(held_out.condition, len(held_out))
        history.losses = [-float(core.log_prob(*inner).mean())]
    if not best.converged:
        history.warnings.append(f"The likelihood still rose after {options.steps} steps: allow more by --steps.")
    if best.revived:
        history.warnings.append(f"{best.revived} components had no rows left and were moved: ask for fewer.")
    return history


def _best(
    data: Tensor, config: GaussianMixtureConfig, rules: Rules, steps: int, rng: torch.Generator, history: MixtureHistory
) -> Run:
    """The likeliest of the restarts; of several numbers of components the one of least BIC, each tried once first."""
    if config.components:
        return _likeliest(data, config.components, config.restarts, rules, steps, rng)
    chosen, least, worse = None, float("inf"), 0
    for K in range(1, min(config.most_components, len(data)) + 1):
        found = run(data, spread_start(data, K, rules, rng), rules, steps, SEARCH_TOLERANCE)
        history.bic[K] = bic = found.bic(len(data))
        worse += 1
        if bic < least:
            chosen, least, worse = found, bic, 0
        if worse >= WORSE:
            break
    best = run(data, chosen.gaussians, rules, steps)
    if config.restarts == 1:
        return best
    again = _likeliest(data, len(best.gaussians), config.restarts - 1, rules, steps, rng)
    return max(best, again, key=lambda each: each.log_likelihoods[-1])


def _likeliest(data: Tensor, K: int, restarts: int, rules: Rules, steps: int, rng: torch.Generator) -> Run:
    restarts = restarts if K > 1 else 1  # one component has one answer
    runs = [run(data, spread_start(data, K, rules, rng), rules, steps) for _ in range(restarts)]
    return max(runs, key=lambda each: each.log_likelihoods[-1])


def _joint(model: Standardised, data: Vectors) -> Tensor:
    """(condition, x) [N, J] in the family's units."""
    condition = model.inner_condition(data.condition, len(data))
    x = model.inner(data.x)
    return x if condition is None else torch.cat([condition, x], dim=-1)


def _before(folder: Path, model: Standardised) -> Gaussians | None:
    if not (folder / CARD).exists():
        return None
    saved, _ = load_checkpoint(folder, "family")
    same = isinstance(saved.core, GaussianMixture) and saved.core.config.covariance == model.core.config.covariance
    if not same or saved.core.means.shape[1] != model.core.means.shape[1] or len(saved.centre) != len(model.centre):
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"Cannot resume from {folder}: it holds another kind of model. Fit into another folder.",
        )
    gaussians = saved.core.gaussians
    return Gaussians(
        *(getattr(gaussians, name).to(model.centre.device).double() for name in ("log_weights", "means", "factors"))
    )
