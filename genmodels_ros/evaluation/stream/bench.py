"""`genmodels bench anomaly-detector`: faults in an arm's joint states, found by each family and by what is simpler.

Runs in MuJoCo, each with a payload of its own: some to learn from, some to calibrate on, some to test, none for two. A
fault's score is the largest in the second after its onset, nominal running's the largest of each second. `lasting`
leaves the first half second out and looks at the next: there is no jump any more.
"""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import auroc, wilson_interval
from genmodels_ros.evaluation.stream.arm_runs import ArmRuns, to_stream
from genmodels_ros.evaluation.stream.baselines import LargestZScore
from genmodels_ros.evaluation.stream.faults import KINDS, StreamFault, fault
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.stream.anomaly import DROPOUT, StreamAnomalyDetector, StreamScore
from genmodels_ros.pipelines.stream.model import StreamModel
from genmodels_ros.simulation.arm.motions import NOISE, PAYLOAD
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.stream.learning import Parts, StreamLearning, calibrate_stream, layout_of, learn_stream

SHIPPED = "panda_joint_anomaly"
GIVEN = ("position", "velocity")
STEPS = {"flow": 4000, "vae": 4000, "mixture": 40}
WINDOW = 1.0  # s
LASTING = (0.5, 1.5)  # s after the onset
RESAMPLES = 200


@dataclass(frozen=True)
class Amount:
    """Runs of two minutes to fit, to end the fit, to calibrate, to test; pieces of each fault."""

    fit: int = 13
    stop: int = 2
    calibrate: int = 30
    test: int = 30
    faults: int = 60


QUICK = Amount(3, 1, 4, 4, 10)


def bench(options: BenchOptions) -> list[Table]:
    """A row a detector and fault; and what each costs. DATA/arm_motions keeps the runs, if there is a DATA."""
    amount = QUICK if options.quick else Amount()
    runs = ArmRuns(options.seed, None if options.data is None else Path(options.data) / "arm_motions")
    models = detectors(runs, amount, options)
    test = [runs.nominal("test", index) for index in tqdm(range(amount.test), desc="nominal runs", disable=None)]
    faults = pieces(runs, test, amount.faults, options.seed)
    found, costs = [], []
    for name, model in models.items():
        detector = StreamAnomalyDetector(model)
        nominal, alarms, hours = nominal_windows(detector, [to_stream(run) for run in test])
        found += [(name, *row) for row in fault_rows(detector, faults, nominal, options.seed)]
        costs.append((name, *_cost(model, test[0]), *_false_alarms(alarms, hours)))
    note = f"False alarms allowed: 1 an hour. Nominal: {hours:.2f} h not seen before."
    return [
        Table("Faults in a Panda's joint states at 100 Hz", FOUND, tuple(found), (note,)),
        Table("… and what watching costs", COSTS, tuple(costs)),
    ]


FOUND = (
    "detector", "fault", "pieces", "AUROC", "95 %", "lasting: AUROC", "found in 1 s", "median delay [s]",
    "named rightly",
)  # fmt: skip
COSTS = ("detector", "numbers", "rows a second, one by one", "… ten at once", "false alarms", "an hour", "95 %")


def labels(joints: int = 7) -> tuple[str, ...]:
    """As a Panda's joint states are called."""
    return tuple(f"{kind}[panda_joint{j + 1}]" for kind in ("position", "velocity", "effort") for j in range(joints))


def learn_arm(runs: ArmRuns, amount: Amount, family: str, device: str = "cpu", given=GIVEN, **settings) -> StreamModel:
    """A model of the arm's nominal joint states."""
    options = FitOptions(steps=STEPS[family], seed=runs.seed, device=device, looks=20, patience=6)
    learning = StreamLearning(family, settings, options, given=given)
    return described(learn_stream(arm_parts(runs, amount), labels(), learning), runs, amount)


def described(model: StreamModel, runs: ArmRuns, amount: Amount) -> StreamModel:
    """With a card that says what it is of."""
    about = {"robot": "panda, MuJoCo", "rate_hz": 100, "noise": NOISE, "most_payload_kg": PAYLOAD, "given": GIVEN}
    command = f"genmodels_ros.evaluation.stream.bench.learn_arm(ArmRuns({runs.seed}), {amount}, family)"
    return replace(model, card=replace(model.card, data={**model.card.data, **about}, command=command))


def arm_parts(runs: ArmRuns, amount: Amount) -> Parts:
    """The runs that are not for testing."""
    train = [to_stream(runs.nominal("train", index)) for index in range(amount.fit + amount.stop)]
    calibrate = [to_stream(runs.nominal("calibrate", index)) for index in range(amount.calibrate)]
    return Parts(train[: amount.fit], train[amount.fit :], calibrate)


def detectors(runs: ArmRuns, amount: Amount, options: BenchOptions) -> dict[str, StreamModel | LargestZScore]:
    """By name: two without learning to speak of, and three families. The flow is the checkpoint, if there is one."""
    parts = arm_parts(runs, amount)
    plain = LargestZScore.of(parts.fit, layout_of(parts, labels(), StreamLearning()))
    models = {
        "largest z-score": replace(plain, calibration=calibrate_stream(plain, parts.calibrate, 1.0)),
        "Mahalanobis": learn_arm(runs, amount, "mixture", given=(), components=1),
        "mixture": learn_arm(runs, amount, "mixture"),
        "vae": learn_arm(runs, amount, "vae", options.device),
    }
    folder = options.checkpoint or shipped(SHIPPED)
    known = folder.is_dir() and not (options.quick and options.checkpoint is None)
    models["flow"] = StreamModel.load(folder) if known else learn_arm(runs, amount, "flow", options.device)
    return models


def pieces(runs: ArmRuns, test: list, count: int, seed: int) -> list[StreamFault]:
    """`count` of each kind."""
    efforts, some = runs.arm.efforts, []
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, 7, number])
        for index in range(count):
            acted = kind in ("collision", "push")
            some.append(runs.acted_on(kind, index) if acted else fault(kind, test[index % len(test)], rng, efforts))
    return some


def nominal_windows(detector, runs: list) -> tuple[np.ndarray, int, float]:
    """(largest score of each WINDOW, alarms, hours)."""
    largest, alarms, hours = [], 0, 0.0
    for run in runs:
        detector.forget()
        values = _values(detector.assess(run.stamps, run.rows))
        size = round(WINDOW / detector.model.layout.period)
        whole = len(values) // size * size
        largest.append(values[:whole].reshape(-1, size).max(1))
        alarms, hours = alarms + detector.state.count, hours + run.seconds / 3600
    return np.concatenate(largest), alarms, hours


def fault_rows(detector, faults: list[StreamFault], nominal: np.ndarray, seed: int) -> list[tuple]:
    """The rows of the first table, without the detector's name."""
    rows = []
    for kind in KINDS:
        verdicts = [_verdict(detector, one) for one in faults if one.kind == kind]
        soon, lasting, delays, named = (np.array(column, dtype=float) for column in zip(*verdicts, strict=True))
        low, high = _interval(soon, nominal, np.random.default_rng([seed, 8]))
        told, known = delays[np.isfinite(delays)], named[np.isfinite(named)]
        rows.append(
            (
                kind, len(soon), _auroc(soon, nominal), f"{low:.3f} to {high:.3f}", _auroc(lasting, nominal),
                float((delays <= WINDOW).mean()), float(np.median(told)) if len(told) else None,
                float(known.mean()) if len(known) else None,
            )
        )  # fmt: skip
    return rows


def _verdict(detector: StreamAnomalyDetector, one: StreamFault) -> tuple[float, float, float, float]:
    """(largest score in time, largest while it lasts, delay of the alarm [s] or inf, whether rightly named or NaN)."""
    detector.forget()
    scores = [score for score in detector.assess(one.stamps, one.rows) if score.stamp >= one.onset]
    since, values = np.array([score.stamp for score in scores]) - one.onset, _values(scores)
    late = (since >= LASTING[0]) & (since < LASTING[1])
    first = next((score for score in scores if score.alarm), None)
    delay = math.inf if first is None else first.stamp - one.onset
    return values[since < WINDOW].max(initial=-9.0), values[late].max(initial=-9.0), delay, _named(first, one)


def _named(first: StreamScore | None, one: StreamFault) -> float:
    if first is None:
        return math.nan
    if one.kind == DROPOUT:
        return float(first.cause == DROPOUT)
    names = labels()
    if one.field is None:
        return float(first.cause.startswith("effort"))
    right = {names[one.field]} | ({names[one.field + len(names) // 3]} if one.kind == "stuck" else set())
    return float(first.cause in right)


def _values(scores: list[StreamScore]) -> np.ndarray:
    """Scores, with a low number where nothing could be told."""
    return np.array([max(score.value, -9.0) for score in scores])


def _auroc(faults: np.ndarray, nominal: np.ndarray) -> float:
    return auroc(np.concatenate([faults, nominal]), np.arange(len(faults) + len(nominal)) < len(faults))


def _interval(faults: np.ndarray, nominal: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    draw = lambda values: rng.choice(values, len(values))  # noqa: E731
    low, high = np.percentile([_auroc(draw(faults), draw(nominal)) for _ in range(RESAMPLES)], [2.5, 97.5])
    return float(low), float(high)


def _false_alarms(alarms: int, hours: float) -> tuple[int, float, str]:
    seconds = max(1, round(3600 * hours))
    low, high = wilson_interval(min(alarms, seconds), seconds)
    return alarms, alarms / hours, f"{3600 * low:.1f} to {3600 * high:.1f}"


def _cost(model, run) -> tuple[int, float, float]:
    """(numbers kept, rows a second one by one, ten at once): CPU time of this thread, the best of three tries."""
    detector, rates = StreamAnomalyDetector(model), []
    for size in (1, 10):
        best = math.inf
        for _ in range(3):
            detector.forget()
            started = time.process_time()
            for first in range(0, 300, size):
                detector.assess(run.stamps[first : first + size], run.readings[first : first + size])
            best = min(best, time.process_time() - started)
        rates.append(300 / best)
    return getattr(model, "num_parameters", 2 * len(model.layout.labels)), *rates
