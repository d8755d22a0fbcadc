"""Watches an adversarial game while it is played, and says in the log what goes wrong and what to do about it.

A GAN's losses do not tell whether it works: D's loss is as flat in a healthy game as in a lost one. What tells:
  coverage                 share of a reference that generated samples reach (models/coverage.py): falls in a collapse
  diversity                difference between two codes for one input, beside that between two real samples
  discriminator_accuracy   how often D prefers the real one of a pair: near 1 it has won, below 0.5 it learns nothing
and numbers that are not finite, after which no step can help.
"""

import logging
import math
from collections.abc import Callable

import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.coverage import coverage, neighbour_radius

log = logging.getLogger(__name__)

COLLAPSED_DIVERSITY = 0.1  # of the real samples'
COLLAPSED_COVERAGE = 0.5  # of the best so far
WON, LOST = 0.98, 0.5  # accuracy of the discriminator


class CoverageProbe:
    """Coverage of a fixed reference batch in a fixed feature space, as a share of what other real samples reach."""

    def __init__(self, real: Tensor, features: Callable[[Tensor], Tensor], k: int = 5):
        """real [2 N, ...]: one half is the reference, the other measures what is attainable. N must exceed k."""
        reference, other = (features(half) for half in real[: len(real) // 2 * 2].chunk(2))
        self.centre, self.scale = reference.mean(dim=0), reference.std(dim=0).clamp(min=1e-6)
        self.features, self.reference = features, self._standardised(reference)
        self.radius = neighbour_radius(self.reference, k)
        self.attainable = coverage(self.reference, self.radius, self._standardised(other))

    @property
    def size(self) -> int:
        """How many samples `measure` wants, for its figure to be comparable."""
        return len(self.reference)

    def measure(self, samples: Tensor) -> float:
        """Coverage by `samples` [size, ...] over the attainable one: about 1 for a perfect generator."""
        return coverage(self.reference, self.radius, self._standardised(self.features(samples))) / self.attainable

    def _standardised(self, features: Tensor) -> Tensor:
        return (features - self.centre) / self.scale


class CollapseWatch:
    """Running means of what a game reports; every `report_every` steps a line in the log and its `warnings`.

    target_spread: diversity of real samples, None where the generator's codes are not compared. settings: what the
    remedies are called where the user changes them. Coverage is judged after `grace` steps only.
    """

    def __init__(
        self,
        target_spread: float | None = None,
        *,
        report_every: int = 250,
        grace: int = 1000,
        settings: str = "Settings.",
    ):
        self.target_spread, self.report_every, self.grace, self.settings = target_spread, report_every, grace, settings
        self.means: dict[str, float] = {}
        self.step, self.best_coverage = 0, 0.0

    def add(self, step: int, values: dict[str, float]) -> None:
        """Takes in what a step reported. Raises GenModelsError(NOT_FINITE) for NaN or infinity."""
        self.step = step
        for name, value in values.items():
            if not math.isfinite(value):
                raise GenModelsError(
                    ErrorCode.NOT_FINITE,
                    f"Step {step}: {name} is {value}. Lower the learning rates or raise {self.settings}gamma, "
                    "then start again or resume from the last save.",
                )
            self.means[name] = 0.99 * self.means.get(name, value) + 0.01 * value
        if step and step % self.report_every == 0:
            log.info("step %d: %s", step, ", ".join(f"{name} {value:.3f}" for name, value in self.means.items()))
            for sentence in self.warnings():
                log.warning("step %d: %s", step, sentence)

    def look(self, step: int, probe: CoverageProbe, samples: Tensor) -> None:
        """Measures coverage by fresh `samples`; no running mean, as it is measured rarely."""
        self.means["coverage"] = probe.measure(samples)
        self.best_coverage = max(self.best_coverage, self.means["coverage"])
        self.step = step

    def warnings(self) -> list[str]:
        """One sentence a problem, with its remedy."""
        found, name = [], self.settings
        if self.target_spread is not None and self._mean("diversity", 1) < COLLAPSED_DIVERSITY * self.target_spread:
            found.append(f"Mode collapse: two codes give nearly the same image. Raise {name}diversity.")
        if self.step >= self.grace and self._mean("coverage", 1) < COLLAPSED_COVERAGE * max(0.5, self.best_coverage):
            found.append(
                f"Mode collapse: generated samples reach {self._mean('coverage', 1):.0%} of what real ones do (best so "
                f"far {self.best_coverage:.0%}). Use {name}objective 'relativistic', or raise {name}gamma."
            )
        if self._mean("discriminator_accuracy", 0) > WON:
            found.append(
                f"The discriminator wins: raise {name}gamma, lower {name}discriminator_rate, or augment what it sees."
            )
        if self._mean("discriminator_accuracy", 1) < LOST:
            found.append(f"The discriminator learns nothing: lower {name}gamma or raise its rate.")
        return found

    def _mean(self, name: str, otherwise: float) -> float:
        return self.means.get(name, otherwise)


@torch.no_grad()
def preference(real_logits: Tensor, fake_logits: Tensor) -> float:
    """How often D prefers the real one of a pair; patch logits are averaged over each sample first."""
    return float((real_logits.flatten(1).mean(1) > fake_logits.flatten(1).mean(1)).float().mean())
