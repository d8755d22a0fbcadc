"""Does a model give back its training rows? Nearest neighbours of its samples among them and among rows it never saw.

Were the samples independent of which rows were trained on, training and held-out rows could be swapped: a sample's
nearest row would be a training row as often as their share says. Shuffling the labels of the rows gives the exact
distribution of that share, so that the test holds for any data and metric. (Meehan et al. 2020 compare distances
with a rank test; the question is theirs.)
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SHUFFLES = 999
SURE, COPYING = 0.01, 0.8  # p-value below and ratio below which samples count as copies


@dataclass(frozen=True)
class Memorisation:
    """ratio: median over samples of the distance to the nearest training row over that to the nearest held-out row, of
    as many; 1 for none, 0 for exact copies. nearer: share of samples whose nearest row is a training row, 0.5 for none.
    p_value: chance of such a share, or a larger one, if nothing was memorised; 0.001 is the least it can say."""

    ratio: float
    nearer: float
    p_value: float

    @property
    def copies(self) -> bool:
        """Sure (p < 0.01), and much (ratio < 0.8): a slightly over-fitted model is sure alone."""
        return self.p_value < SURE and self.ratio < COPYING


def memorisation(samples: Tensor, training: Tensor, held_out: Tensor, rng: torch.Generator) -> Memorisation:
    """Features [M, F], [N, F] and [K, F] in units that distances make sense in; both sets of rows are cut at random to
    the size of the smaller. Held-out rows must have had no part in training, early stop included."""
    rows = min(len(training), len(held_out))
    training, held_out = (part[torch.randperm(len(part), generator=rng)[:rows]] for part in (training, held_out))
    to_training, nearest_training = torch.cdist(samples, training).min(dim=1)
    to_held_out, nearest_held_out = torch.cdist(samples, held_out).min(dim=1)
    nearer = to_training < to_held_out
    nearest = torch.where(nearer, nearest_training, rows + nearest_held_out)
    weights = torch.bincount(nearest, minlength=2 * rows).double() / len(samples)
    share = float(weights[:rows].sum())
    shuffled = torch.stack([weights[torch.randperm(2 * rows, generator=rng)[:rows]].sum() for _ in range(SHUFFLES)])
    as_large = int((shuffled >= share - 1e-12).sum())
    ratio = to_training / to_held_out.clamp(min=torch.finfo(to_held_out.dtype).tiny)
    return Memorisation(float(ratio.median()), share, (1 + as_large) / (1 + SHUFFLES))
