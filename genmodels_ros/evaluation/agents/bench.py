"""`genmodels bench agents`: predicted motion of people on floors never trained on, beside what needs no network.

Every predictor is told the same past, the truth or what the lidar's tracker makes of it; the model and the Gaussian
mixture also where the robot is and what its lidar hits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from genmodels_ros.data.agent_frame import FUTURE, to_displacements, to_positions
from genmodels_ros.data.agent_tracks import AgentWindows, agent_windows, joined, vectors_of
from genmodels_ros.data.episodes import Episodes
from genmodels_ros.device import generator
from genmodels_ros.evaluation.agents.baselines import Baseline, constant_turn_rate, constant_velocity, filtered_velocity
from genmodels_ros.evaluation.agents.contacts import contact_table
from genmodels_ros.evaluation.agents.tables import Score, by_what_happens_table, density_table, distance_table
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.mobile.agent_motion import AgentMotion
from genmodels_ros.simulation.floor.episodes import simulate_floor
from genmodels_ros.training.fitting import FitOptions, fit
from genmodels_ros.training.mobile.tracked_agents import tracked_windows

TEST_SEED, FIT_SEED = 7000, 8000  # of floors; `genmodels data` counts from 0
FLOORS, QUICK_FLOORS = 12, 3
STRIDE, FIT_STRIDE = 7, 3  # moments between two examples
SAMPLES = 19  # so that the regions of 50 and 90 % begin at one of them
MIXTURE = {"components": 8, "restarts": 1, "regularisation": 1e-4}
AGENTS, DRAWN = 10, 16  # of the timing


FILTER = "constant velocity, the tracker's filter"
RULES = {
    "constant velocity": constant_velocity,
    FILTER: filtered_velocity,
    "constant turn rate": constant_turn_rate,
}


@dataclass(frozen=True)
class Predictor:
    """A name, and what it says of windows; positions in m, densities in nats."""

    name: str
    sample: Callable  # windows, count, rng → [M, count, FUTURE, 2]
    log_prob: Callable  # windows, displacements [M, FUTURE, 2] → [M]
    point: Callable | None = None  # windows → [M, FUTURE, 2]; the mean of the samples if None


def bench(options: BenchOptions) -> list[Table]:
    """The tables of docs/agent_motion.md. Raises GenModelsError(MODEL_UNAVAILABLE) for a checkpoint of no use."""
    motion = AgentMotion.from_checkpoint(options.checkpoint, options.device)
    count = QUICK_FLOORS if options.quick else FLOORS
    fitting, test = (floors(seed + options.seed, count) for seed in (FIT_SEED, TEST_SEED))
    tables = []
    for kind, pasts in PASTS.items():
        windows = pasts(test, STRIDE)
        rules = RULES if kind == TRACKED else {name: rule for name, rule in RULES.items() if name != FILTER}
        predictors = [model_predictor(motion.model), *baselines(pasts(fitting, FIT_STRIDE), rules, options)]
        scores = {p.name: score(p, windows, options.seed) for p in predictors}
        where = f"{kind}, {len(windows)} moments on {count} floors, seed {TEST_SEED + options.seed}"
        tables += [
            distance_table(scores, where), density_table(scores, where), by_what_happens_table(scores, windows, where)
        ]  # fmt: skip
    return [*tables, contact_table(motion, [*test, *fitting], options.seed), _speed(motion, windows)]


def floors(seed: int, count: int) -> list[Episodes]:
    """Drives on `count` simulated floors."""
    return [simulate_floor(seed, index) for index in range(count)]


def true_pasts(drives: list[Episodes], stride: int) -> AgentWindows:
    """Of everybody whom the lidar hits at that moment."""
    return _seen([agent_windows(each, stride) for each in drives])


def tracked_pasts(drives: list[Episodes], stride: int) -> AgentWindows:
    """Of every cluster that is somebody's and that the tracker says moves."""
    return _seen([tracked_windows(each, stride) for each in drives])


def _seen(parts: list[AgentWindows | None]) -> AgentWindows:
    windows = joined([part for part in parts if part is not None and len(part)])
    return windows[windows.seen]


TRACKED = "pasts as the lidar's tracker has them"
PASTS = {"true pasts": true_pasts, TRACKED: tracked_pasts}


def model_predictor(model: Standardised, name: str | None = None) -> Predictor:
    """Any family's model; its condition is made once for each set of windows."""

    def known(windows):
        return torch.as_tensor(windows.conditions(), dtype=model.dtype)

    def sample(windows, count, rng):
        c = known(windows)
        parts = [model.sample(len(part) * count, part.repeat_interleave(count, 0), rng=rng) for part in c.split(256)]
        drawn = torch.cat(parts).double().numpy().reshape(len(windows), count, FUTURE, 2)
        return to_positions(windows.past, drawn)

    @torch.no_grad()
    def log_prob(windows, displacements):
        x = torch.as_tensor(displacements.reshape(len(windows), -1), dtype=model.dtype)
        parts = zip(x.split(1024), known(windows).split(1024), strict=True)
        return torch.cat([model.log_prob(*part) for part in parts]).double().numpy()

    return Predictor(name or model.family, sample, log_prob if model.can("log_prob") else None)


def baselines(fitting: AgentWindows, rules: dict[str, Callable], options: BenchOptions) -> list[Predictor]:
    """Rules with Gaussian errors, and Gaussian mixture regression, fitted to these windows."""
    rng = np.random.default_rng(options.seed)
    jittered = fitting.displacements(rng)
    fitted = {name: Baseline.fitted(rule, fitting, jittered) for name, rule in rules.items()}
    simple = [Predictor(name, b.sample, b.log_prob, b.point) for name, b in fitted.items()]
    settings = FitOptions(steps=10 if options.quick else 40, seed=options.seed, device=options.device)
    mixture = fit("mixture", vectors_of(fitting, rng), MIXTURE, settings).model
    return [*simple, model_predictor(mixture, "Gaussian mixture regression")]


def score(predictor: Predictor, windows: AgentWindows, seed: int) -> Score:
    """All that the tables need of one predictor."""
    samples = predictor.sample(windows, SAMPLES, generator(seed))
    point = samples.mean(axis=1) if predictor.point is None else predictor.point(windows)
    if predictor.log_prob is None:
        return Score(point, samples, windows.future, None, None)
    truth = predictor.log_prob(windows, windows.displacements(np.random.default_rng(seed)))
    drawn = [predictor.log_prob(windows, to_displacements(windows.past, samples[:, k])) for k in range(SAMPLES)]
    return Score(point, samples, windows.future, truth, np.stack(drawn, axis=1))


def _speed(motion: AgentMotion, windows: AgentWindows) -> Table:
    tracks, points = windows.past[:AGENTS], windows.obstacles[0]
    threads, times = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for repeat in range(12):
            started = time.perf_counter()
            motion.predict(tracks, DRAWN, generator(repeat), robot=windows.robot[0], obstacles=points)
            times.append(1000 * (time.perf_counter() - started))
    finally:
        torch.set_num_threads(threads)
    times = np.array(times[2:])
    row = (motion.model.family, len(tracks), DRAWN, float(np.median(times)), float(times.max()))
    return Table("Time of a prediction, one thread", ("model", "agents", "samples", "median [ms]", "most [ms]"), (row,))
