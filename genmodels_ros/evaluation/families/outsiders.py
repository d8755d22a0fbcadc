"""Models of other libraries as contestants, set up as their own documentation does: the bar for ours.

    zuko NSF          flows.NSF(2, transforms=3, hidden_features=(64, 64)), Adam, rate 1e-3: zuko's tutorial "Train from
                      data", whose budget is 2048 steps of 64 rows
    zuko MAF          flows.MAF(2, transforms=3), as in its tutorial "Learn the basics", trained likewise
    sklearn mixture   GaussianMixture of full covariances, as many components as BIC wants (its example on selection)
    sklearn density   KernelDensity, its bandwidth the likeliest for a tenth of the rows kept back

All see columns brought to mean 0 and deviation 1, as ours do. zuko and scikit-learn are imported when asked for.
"""

import math
import time
from importlib import import_module

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.families.contestant import Budget, Contestant

MOST_COMPONENTS = 40
BANDWIDTHS = np.logspace(-2, 0, 15)


class Units:
    """Mean and deviation of columns; log_volume: what a density in units gives up in the data's [nat]."""

    def __init__(self, x: Tensor):
        self.centre, self.spread = x.mean(dim=0), x.std(dim=0, correction=0)
        self.log_volume = float(self.spread.log().sum())

    def inner(self, x: Tensor) -> Tensor:
        return (x - self.centre) / self.spread

    def outer(self, x: Tensor) -> Tensor:
        return self.centre + self.spread * x


def zuko_spline_flow(rows: Vectors, budget: Budget, seed: int) -> Contestant:
    flows = _library("zuko.flows")
    torch.manual_seed(seed)
    flow = flows.NSF(rows.x.shape[1], rows.condition_dimension, transforms=3, hidden_features=(64, 64))
    return _zuko("zuko NSF", flow, rows, budget, seed)


def zuko_affine_flow(rows: Vectors, budget: Budget, seed: int) -> Contestant:
    flows = _library("zuko.flows")
    torch.manual_seed(seed)
    return _zuko("zuko MAF", flows.MAF(rows.x.shape[1], rows.condition_dimension, transforms=3), rows, budget, seed)


def _zuko(name: str, flow, rows: Vectors, budget: Budget, seed: int) -> Contestant:
    x_units = Units(rows.x)
    c_units = None if rows.condition is None else Units(rows.condition)
    x, c = x_units.inner(rows.x), None if c_units is None else c_units.inner(rows.condition)
    optimizer = torch.optim.Adam(flow.parameters(), lr=budget.learning_rate)
    started, rng = time.process_time(), torch.Generator().manual_seed(seed)
    for index in _epochs(len(x), budget, rng):
        loss = -flow(None if c is None else c[index]).log_prob(x[index]).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    def given(condition: Tensor | None):
        return flow(None if c_units is None else c_units.inner(condition))

    @torch.no_grad()
    def sample(n: int, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        with torch.random.fork_rng():  # zuko draws from the global generator
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=rng)))
            return x_units.outer(given(condition).sample((n,) if condition is None else ()))

    return Contestant(
        name=name,
        sample=sample,
        log_prob=lambda x, condition: given(condition).log_prob(x_units.inner(x)) - x_units.log_volume,
        likelihood="exact",
        parameters=sum(p.numel() for p in flow.parameters()),
        steps=budget.steps,
        seconds=time.process_time() - started,
    )


def _epochs(count: int, budget: Budget, rng: torch.Generator):
    """budget.steps batches, every row once an epoch, as a DataLoader shuffles them."""
    step = 0
    while True:
        for index in torch.randperm(count, generator=rng).split(budget.batch_size):
            if step == budget.steps:
                return
            step += 1
            yield index


def sklearn_mixture(rows: Vectors, budget: Budget, seed: int) -> Contestant:
    GaussianMixture = _library("sklearn.mixture").GaussianMixture
    units, started = Units(rows.x), time.process_time()
    x, best, least, worse = units.inner(rows.x).double().numpy(), None, math.inf, 0
    for components in range(1, MOST_COMPONENTS + 1):
        model = GaussianMixture(components, max_iter=budget.steps, random_state=seed).fit(x)
        worse += 1
        if model.bic(x) < least:
            best, least, worse = model, model.bic(x), 0
        if worse == 2:
            break
    return _sklearn("sklearn mixture", best, units, best._n_parameters(), best.n_iter_, started)


def sklearn_density(rows: Vectors, budget: Budget, seed: int) -> Contestant:
    KernelDensity = _library("sklearn.neighbors").KernelDensity
    units, started = Units(rows.x), time.process_time()
    training, kept = rows.split(0.1, torch.Generator().manual_seed(seed))
    x, kept = (units.inner(part.x).double().numpy() for part in (training, kept))
    scores = [KernelDensity(bandwidth=width).fit(x).score(kept) for width in BANDWIDTHS]
    model = KernelDensity(bandwidth=BANDWIDTHS[int(np.argmax(scores))]).fit(np.concatenate([x, kept]))
    return _sklearn("sklearn density", model, units, rows.x.numel(), None, started)


def _sklearn(name: str, model, units: Units, parameters: int, steps: int | None, started: float) -> Contestant:
    seconds = time.process_time() - started

    def sample(n: int, condition: None, rng: torch.Generator) -> Tensor:
        state = np.random.RandomState(int(torch.randint(2**31, (1,), generator=rng)))
        if hasattr(model, "means_"):  # its sample has no argument for the generator
            model.random_state = state
            made = state.permutation(model.sample(n)[0])
        else:
            made = model.sample(n, random_state=state)
        return units.outer(torch.from_numpy(made).float())

    def log_prob(x: Tensor, condition: None) -> Tensor:
        return torch.from_numpy(model.score_samples(units.inner(x).double().numpy())) - units.log_volume

    return Contestant(name, sample, log_prob, "exact", parameters, steps, seconds)


def _library(name: str):
    try:
        return import_module(name)
    except ImportError as error:
        package = {"zuko": "zuko==1.6.0", "sklearn": "scikit-learn==1.9.1"}[name.split(".")[0]]
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"What ours are measured beside is not there: pip install {package}."
        ) from error


OUTSIDERS = {
    "zuko NSF": zuko_spline_flow,
    "zuko MAF": zuko_affine_flow,
    "sklearn mixture": sklearn_mixture,
    "sklearn density": sklearn_density,
}
