"""What a fitted model is worth: its samples beside rows that no model saw, each drawn with the condition of its row.

Distances are in units of the training rows' standard deviations. Conditions are columns like the others: a model that
ignores them is far off.
"""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.data.toys import Toy
from genmodels_ros.data.vectors import Vectors
from genmodels_ros.evaluation.distribution.kernel_distance import gaussian_discrepancy, median_distance
from genmodels_ros.evaluation.distribution.likelihood import negative_log_likelihood
from genmodels_ros.evaluation.distribution.memorisation import Memorisation, memorisation
from genmodels_ros.evaluation.distribution.modes import mode_score
from genmodels_ros.evaluation.distribution.sample_quality import SampleQuality, sample_quality
from genmodels_ros.evaluation.distribution.sliced_wasserstein import sliced_wasserstein
from genmodels_ros.evaluation.distribution.training_report import collapse_report, memorisation_report
from genmodels_ros.evaluation.families.contestant import Contestant

MOST_ROWS = 2000  # held out to compare with: distances between all pairs are taken
ESTIMATED_ROWS = 256  # of which a likelihood is taken that integrates an equation for each
PART = 512  # rows at once
FLOORS = 3  # sets of training rows that are scored like samples, where there are as many
SMALLEST_SPREAD = 1e-9


@dataclass(frozen=True)
class Scores:
    """discrepancy: MMD² with a Gaussian kernel, its bandwidth the median distance of held-out rows; modes found, where
    they are known; nll: nats a row; milliseconds of the processor for 1,000 samples. None: there is none."""

    sliced_wasserstein: float
    discrepancy: float
    quality: SampleQuality
    modes: int | None = None
    nll: float | None = None
    copies: Memorisation | None = None
    milliseconds: float | None = None


class Judge:
    """training: rows that models are fitted to; test: rows that none sees; toy: what both were drawn from, if known.

    floor: what real rows score in place of samples.
    """

    def __init__(self, training: Vectors, test: Vectors, toy: Toy | None = None):
        self.training, self.test, self.toy = training, _first(test, MOST_ROWS), toy
        self.scale = [_scale(part) for part in (training.x, training.condition) if part is not None]
        self.reference = self._features(self.test.x, self.test.condition)
        self.bandwidth = median_distance(self.reference)
        self.real_rows = _first(training, len(self.test))
        self.real = self._features(self.real_rows.x, self.real_rows.condition)
        parts = [training[index] for index in torch.arange(len(training)).split(len(self.test))[:FLOORS]]
        self.floor = [self._scores(part.x, part.condition) for part in parts if len(part) == len(self.real_rows)]

    @property
    def true_nll(self) -> float | None:
        """Of the held-out rows by the density that they were drawn from."""
        return None if self.toy is None else negative_log_likelihood(self.toy.log_prob(self.test.x.double()))

    def score(self, contestant: Contestant) -> Scores:
        """Always with the same random numbers."""
        rng = torch.Generator().manual_seed(0)
        x, milliseconds = self._timed_samples(contestant, rng)
        return self._scores(
            x,
            self.test.condition,
            nll=self._nll(contestant),
            copies=self._copies(contestant, rng),
            milliseconds=milliseconds,
        )

    def report(self, scores: Scores) -> list[str]:
        """What the samples tell of the training."""
        copies = [] if scores.copies is None else memorisation_report(scores.copies)
        return collapse_report(scores.quality, self.floor[0].quality) + copies

    def _scores(self, x: Tensor, condition: Tensor | None, **more) -> Scores:
        features = self._features(x, condition)
        modes = None
        if self.toy is not None and self.toy.centres is not None:
            modes = mode_score(x, self.toy.centres, self.toy.deviation).modes
        return Scores(
            sliced_wasserstein=sliced_wasserstein(features, self.reference, torch.Generator().manual_seed(0)),
            discrepancy=gaussian_discrepancy(features, self.reference, self.bandwidth),
            quality=sample_quality(self.reference, features),
            modes=modes,
            **more,
        )

    def _features(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """[N, D + C]."""
        parts = [part for part in (x, condition) if part is not None]
        return torch.cat([(p - centre) / spread for p, (centre, spread) in zip(parts, self.scale, strict=True)], dim=1)

    def _timed_samples(self, contestant: Contestant, rng: torch.Generator) -> tuple[Tensor, float]:
        """What a first call sets up is no part of the time."""
        n, few = len(self.test), _first(self.test, 2)
        contestant.sample(len(few), few.condition, rng)
        started = time.process_time()
        x = contestant.sample(n, self.test.condition, rng)
        return x, 1e6 * (time.process_time() - started) / n

    def _nll(self, contestant: Contestant) -> float | None:
        if contestant.log_prob is None:
            return None
        rows = _first(self.test, ESTIMATED_ROWS) if contestant.likelihood == "estimate" else self.test
        parts = [rows[index] for index in torch.arange(len(rows)).split(PART)]
        with torch.no_grad():
            return negative_log_likelihood(torch.cat([contestant.log_prob(p.x, p.condition) for p in parts]))

    def _copies(self, contestant: Contestant, rng: torch.Generator) -> Memorisation:
        """Half of the conditions are training rows', half held-out rows': neither kind is favoured by them."""
        n, condition = len(self.real_rows), None
        if self.test.condition is not None:
            condition = torch.cat([self.real_rows.condition[: n // 2], self.test.condition[: n - n // 2]])
        made = self._features(contestant.sample(n, condition, rng), condition)
        return memorisation(made, self.real, self.reference, rng)


def _first(rows: Vectors, count: int) -> Vectors:
    return rows[torch.arange(min(count, len(rows)))]


def _scale(part: Tensor) -> tuple[Tensor, Tensor]:
    deviation = part.std(dim=0, correction=0)
    return part.mean(dim=0), torch.where(deviation > SMALLEST_SPREAD, deviation, 1.0)
