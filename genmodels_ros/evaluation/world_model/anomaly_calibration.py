"""How often an hour each statistic of surprise reaches which value in nominal driving: `genmodels calibrate`.

Peaks over a second are counted. The rare end is an exponential tail fitted to the TAIL largest of them (Pickands 1975;
a generalised Pareto tail of shape 0): rate(v) = TAIL / hours * exp(-(v - u) / mean excess over u).
"""

import math
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.data.recordings import open_recording
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.faults import cut, healthy
from genmodels_ros.evaluation.world_model.recorded_scans import to_observations
from genmodels_ros.evaluation.world_model.simulated_drives import observations_of
from genmodels_ros.models.checkpoint import load_checkpoint, shipped
from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.pipelines.calibration import CAUSES, Calibration
from genmodels_ros.pipelines.mobile.anomaly import LONGEST, AnomalyScore
from genmodels_ros.pipelines.mobile.world_model import WorldModel

CALIBRATION_SEED = 7700  # of floors that neither training nor benchmarks use
PEOPLE = 6
BLOCK = 5  # scans: a second
FIRST = 2  # scans of a drive that tell too little
TAIL = 30  # largest peaks
RATES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)  # [1/h]
MOST_HOURS = 1000
BUDGET = 0.6  # [1/h] false alarms that each cause may raise


def calibrate(
    checkpoint: Path | None = None, hours: float = 4.0, seed: int = 0, device: str = "auto",
    recording: Path | None = None,
) -> Table:  # fmt: skip
    """Drives `hours` nominally on new floors with people and writes calibration.json beside the weights.

    recording: of a robot of one's own on which nothing went wrong, taken instead, as long as it is.
    Raises GenModelsError: MODEL_UNAVAILABLE without a checkpoint, INVALID_HORIZON for too few hours or too many,
    NO_OBSERVATION for a recording without scans and odometry.
    """
    if not 0 < hours <= MOST_HOURS:
        raise GenModelsError(ErrorCode.INVALID_HORIZON, f"Drive more than 0 and at most {MOST_HOURS} h, got {hours}.")
    folder = shipped("floor_world_model") if checkpoint is None else Path(checkpoint)
    world = WorldModel(*load_checkpoint(folder, "scan_world_model"), device=device)  # without any calibration
    if recording is None:
        peaks, driven = simulated_peaks(world, hours, seed)
    else:
        peaks, driven = recorded_peaks(world, recording)
    calibration = fit(peaks, driven, world.card.sha256)
    calibration.save(folder)
    return _table(calibration)


def simulated_peaks(world: WorldModel, hours: float, seed: int) -> tuple[np.ndarray, float]:
    """Peaks [blocks, causes] of at least `hours` of nominal driving, and how many hours it were."""
    peaks, driven = [], 0.0
    with tqdm(total=hours, unit="h", desc="nominal driving", disable=None) as bar:
        for index in count():
            for scores in nominal_scores(world, floor(CALIBRATION_SEED + seed, index)):
                peaks.append(block_peaks(scores))
                driven += len(scores) * TIME_STEP / 3600
            bar.update(driven - bar.n)
            if driven >= hours:
                break
    return np.concatenate(peaks), driven


def recorded_peaks(world: WorldModel, recording: Path) -> tuple[np.ndarray, float]:
    """The same of a recording; gaps in which the world model forgets are no driving.

    Raises GenModelsError(NO_OBSERVATION) for a recording without scans and odometry.
    """
    world.reset()
    scores, driven, last = [], 0.0, None
    for observation in tqdm(to_observations(open_recording(recording)), unit="scan", disable=None):
        try:
            taken = world.observe(observation)
        except GenModelsError:
            continue  # a scan that tells nothing
        if taken:
            scores.append(world.anomaly)
            gap = math.inf if last is None else observation.stamp - last
            driven += gap / 3600 if 0 < gap <= LONGEST else 0.0
            last = observation.stamp
    return block_peaks(scores), driven


def floor(seed: int, index: int) -> Episodes:
    """A floor with people, as the simulation makes them."""
    from genmodels_ros.simulation.floor.episodes import simulate_floor

    return simulate_floor(seed, index, num_people=PEOPLE)


def nominal_scores(world: WorldModel, episodes: Episodes) -> Iterator[list[AnomalyScore]]:
    """The scores of each drive up to the first touch or loss of grip, without its first scans."""
    good = healthy(episodes)
    for drive in np.unique(episodes.drive):
        rows = np.flatnonzero(episodes.drive == drive)
        rows = rows[: int(np.argmin(np.append(good[rows], False)))]
        if len(rows) > FIRST:
            yield scores_of(world, cut(episodes, rows))[FIRST:]


def scores_of(world: WorldModel, episodes: Episodes) -> list[AnomalyScore]:
    """What the world model says of each row of a drive, its memory cleared before."""
    world.reset()
    scores = []
    for observation in observations_of(episodes):
        world.observe(observation)
        scores.append(world.anomaly)
    return scores


def block_peaks(scores: list[AnomalyScore]) -> np.ndarray:
    """The largest value of each statistic in each BLOCK of scans: [blocks, causes], NaN where it was not told."""
    values = np.array([[score.statistics.get(cause, np.nan) for cause in CAUSES] for score in scores])
    values = np.concatenate([values, np.full((-len(values) % BLOCK, len(CAUSES)), np.nan)])
    return np.fmax.reduce(values.reshape(-1, BLOCK, len(CAUSES)), axis=1)


def fit(peaks: np.ndarray, hours: float, sha256: str) -> Calibration:
    """The calibration that peaks [blocks, causes] of `hours` tell.

    Raises GenModelsError(INVALID_HORIZON) if they are fewer than twice TAIL of a cause.
    """
    values = {}
    for cause, column in zip(CAUSES, peaks.T, strict=True):
        told = np.sort(column[np.isfinite(column)])[::-1]
        if len(told) < 2 * TAIL:
            raise GenModelsError(
                ErrorCode.INVALID_HORIZON, f"{hours:.3f} h of driving are too few to calibrate {cause!r}: drive longer."
            )
        values[cause] = tuple(_value_at(rate, told, hours) for rate in RATES)
    return Calibration(RATES, values, BUDGET, hours, sha256)


def _value_at(rate: float, told: np.ndarray, hours: float) -> float:
    """The value that falling peaks reach `rate` times an hour."""
    if rate * hours >= TAIL:
        return float(told[min(int(rate * hours), len(told)) - 1])
    excess = max(float(told[:TAIL].mean() - told[TAIL - 1]), 1e-6)
    return float(told[TAIL - 1]) + excess * math.log(TAIL / (rate * hours))


def _table(calibration: Calibration) -> Table:
    columns = ("statistic", *[f"{rate:g}/h" for rate in calibration.rates])
    rows = tuple((cause, *values) for cause, values in calibration.values.items())
    note = f"An alarm of a cause is what is rarer than {calibration.budget:g} an hour."
    return Table(f"Nominal driving, {calibration.hours:.2f} h: value that is reached so often", columns, rows, (note,))
