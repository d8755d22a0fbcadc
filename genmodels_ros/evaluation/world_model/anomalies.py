"""Surprise, measured: faults put into simulated drives on floors not seen before, beside hours of nominal driving."""

import math
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.statistics import auroc, wilson_interval
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.anomaly_calibration import floor, nominal_scores, scores_of
from genmodels_ros.evaluation.world_model.faults import BEFORE, KINDS, Fault, faults_on
from genmodels_ros.models.world_model.model import TIME_STEP
from genmodels_ros.pipelines.mobile.anomaly import AnomalyScore
from genmodels_ros.pipelines.mobile.world_model import WorldModel

ANOMALY_SEED = 8800  # of the floors
IN_TIME = 2  # scans after the last healthy one: 0.4 s
QUIET = 5  # scans without alarm after which the next one is a new alarm
NAMES = {"frozen": "frozen", "covered": "scan", "stuck": "motion", "slipping": "motion", "kidnap": "place"}
FLOOR_HOURS = 500 * TIME_STEP / 3600
RESAMPLES = 100


@dataclass(frozen=True)
class Verdict:
    """What was said of one fault."""

    kind: str
    value: float  # the largest in time
    delay: float  # [s] from the last healthy scan to the alarm, inf without one
    cause: str | None  # that the first alarm named


def bench_anomalies(world: WorldModel, seed: int = 0, hours: float = 1.0) -> Table:
    """A row a kind of fault: how well its first 0.4 s stand out from nominal driving, and how soon it is told.

    A score is the largest of IN_TIME scans following each other, for faults and nominal driving alike. The notes state
    the false alarms.
    """
    rng = np.random.default_rng([seed, 5])
    drives, verdicts = [], []
    for index in tqdm(range(math.ceil(hours / FLOOR_HOURS)), unit="floor", desc="anomalies", disable=None):
        episodes = floor(ANOMALY_SEED + seed, index)
        drives += nominal_scores(world, episodes)
        verdicts += [verdict(world, fault) for fault in faults_on(episodes, rng, each=1)]
    return table(drives, verdicts, seed)


def verdict(world: WorldModel, fault: Fault) -> Verdict:
    """Shows a piece of a drive to the world model."""
    scores = scores_of(world, fault.episodes)[BEFORE:]
    first = next((step for step, score in enumerate(scores) if score.alarm), None)
    delay, cause = (math.inf, None) if first is None else (TIME_STEP * (first + 1), scores[first].cause)
    return Verdict(fault.kind, max(score.value for score in scores[:IN_TIME]), delay, cause)


def table(drives: list[list[AnomalyScore]], verdicts: list[Verdict], seed: int) -> Table:
    """The table of `bench_anomalies`."""
    nominal = np.concatenate([_window_peaks([score.value for score in scores]) for scores in drives])
    rows = []
    for kind in KINDS:
        some = [item for item in verdicts if item.kind == kind]
        values, soon = np.array([item.value for item in some]), [item.delay <= 0.5 for item in some]
        delays = [item.delay for item in some if math.isfinite(item.delay)]
        named = [item.cause == NAMES[kind] for item in some if item.cause is not None]
        rows.append(
            (
                kind, len(some), _auroc(values, nominal), "{:.3f} to {:.3f}".format(*_interval(values, nominal, seed)),
                float(np.mean(soon)) if some else None,
                "{:.3f} to {:.3f}".format(*wilson_interval(sum(soon), len(soon))),
                float(np.median(delays)) if delays else None, float(np.mean(named)) if named else None,
            )
        )  # fmt: skip
    columns = ("fault", "pieces", "AUROC", "95 %", "found in 0.5 s", "95 %", "median delay [s]", "named rightly")
    return Table("Anomalies in simulated drives among people", columns, tuple(rows), (false_alarms(drives),))


def false_alarms(drives: list[list[AnomalyScore]]) -> str:
    """How often nominal driving raised an alarm, with a Wilson interval over seconds."""
    causes = [score.cause for scores in drives for score in _onsets(scores)]
    hours = sum(map(len, drives)) * TIME_STEP / 3600
    seconds = max(1, round(3600 * hours))
    low, high = wilson_interval(min(len(causes), seconds), seconds)
    by_cause = ", ".join(f"{causes.count(cause)} {cause}" for cause in sorted(set(causes))) or "none"
    rate = len(causes) / max(hours, 1e-9)
    return (
        f"False alarms in {hours:.2f} h of nominal driving: {rate:.1f} an hour (95 % {3600 * low:.1f} to "
        f"{3600 * high:.1f}); {by_cause}."
    )


def _onsets(scores: list[AnomalyScore]) -> list[AnomalyScore]:
    """The first scan of each alarm."""
    at = [step for step, score in enumerate(scores) if score.alarm]
    return [scores[step] for step, before in zip(at, [-QUIET - 1, *at], strict=False) if step - before > QUIET]


def _window_peaks(values: list[float]) -> np.ndarray:
    """The largest of every IN_TIME values, windows side by side."""
    whole = len(values) // IN_TIME * IN_TIME
    return np.array(values[:whole]).reshape(-1, IN_TIME).max(1)


def _auroc(faults: np.ndarray, nominal: np.ndarray) -> float:
    return auroc(np.concatenate([faults, nominal]), np.arange(len(faults) + len(nominal)) < len(faults))


def _interval(faults: np.ndarray, nominal: np.ndarray, seed: int) -> tuple[float, float]:
    if not len(faults):
        return math.nan, math.nan
    rng = np.random.default_rng([seed, 6])
    draw = lambda values: rng.choice(values, len(values))  # noqa: E731
    low, high = np.percentile([_auroc(draw(faults), draw(nominal)) for _ in range(RESAMPLES)], [2.5, 97.5])
    return float(low), float(high)
