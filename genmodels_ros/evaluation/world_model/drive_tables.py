"""The tables of simulated drives: scans, listening to commands, poses, touches."""

from itertools import chain

import numpy as np

from genmodels_ros.evaluation.statistics import (
    auroc,
    bootstrap_mean,
    bootstrap_ratio,
    expected_calibration_error,
    recall_at_false_positives,
)
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.evaluation.world_model.collision_monitors import MONITORS
from genmodels_ros.evaluation.world_model.scan_baselines import NAMES
from genmodels_ros.evaluation.world_model.simulated_drives import MODEL, SCAN_STEPS, SHUFFLED, Start
from genmodels_ros.models.world_model.model import TIME_STEP


def scan_tables(title: str, starts: list[Start], seed: int) -> list[Table]:
    """Error by horizon of the model beside the baselines: all know the commands only, or all are given the motion."""
    free = [start for start in starts if start.told is not None]
    return [
        _scan_table(f"{title}, {what}", [getattr(start, which) for start in free], seed)
        for which, what in (
            ("told", "from commands alone, which take the place of odometry"),
            ("given", "motion given"),
        )
    ]


def _scan_table(title: str, errors: list[dict[str, np.ndarray]], seed: int) -> Table:
    rows = []
    for k, steps in enumerate(SCAN_STEPS):
        values = {name: np.array([item[name][k] for item in errors]) for name in (*NAMES, MODEL)}
        best = min(NAMES, key=lambda name: values[name].mean())
        means = [float(values[name].mean()) for name in (*NAMES, MODEL)]
        rows.append((steps * TIME_STEP, len(errors), *means, best, _skill(values[MODEL], values[best], seed)))
    columns = ("s", "starts", *[f"{name} [m]" for name in (*NAMES, MODEL)], "best baseline", "skill")
    return Table(f"{title}: mean absolute error of hit beams", columns, tuple(rows))


def _skill(own: np.ndarray, best: np.ndarray, seed: int) -> str:
    low, high = bootstrap_ratio(own, best, seed)
    return f"{1 - own.mean() / best.mean():+.2f} ({1 - high:+.2f} to {1 - low:+.2f})"


def listening_table(starts: list[Start], seed: int) -> Table:
    """How much worse the model gets when it is told other commands than were driven."""
    free = [start.told for start in starts if start.told is not None]
    rows = []
    for k, steps in enumerate(SCAN_STEPS):
        own, other = (np.array([item[name][k] for item in free]) for name in (MODEL, SHUFFLED))
        low, high = bootstrap_ratio(other, own, seed)
        rows.append((steps * TIME_STEP, float(own.mean()), float(other.mean()), float(other.mean() / own.mean() - 1),
                     f"{low - 1:.2f} to {high - 1:.2f}"))  # fmt: skip
    columns = ("s", "true commands [m]", "shuffled commands [m]", "rise", "95 %")
    return Table("Does the model listen to its actions? Scan error", columns, tuple(rows))


def pose_table(starts: list[Start], seed: int) -> Table:
    """Position error after 2 s with slip and latency."""
    own, unicycle = (
        np.array([getattr(start, name) for start in starts if start.told is not None])
        for name in ("pose_error", "pose_error_unicycle")
    )
    rows = tuple(
        (name, float(values.mean()), "{:.3f} to {:.3f}".format(*bootstrap_mean(values, seed)))
        for name, values in (("commanded unicycle", unicycle), ("model", own))
    )
    return Table("Position error 2 s ahead, slip and latency unknown", ("predictor", "mean [m]", "95 %"), rows)


def collision_table(groups: dict[str, list[Start]]) -> Table:
    """How well a touch within 1.2 s is foreseen, beside monitors that extrapolate geometry."""
    rows = []
    for group, starts in (*groups.items(), ("all", list(chain(*groups.values())))):
        labels = np.array([start.touched for start in starts])
        scores = {
            "model": np.array([start.probability for start in starts]),
            **{name: np.array([-start.clearances[name] for start in starts]) for name in MONITORS},
        }
        for name, score in scores.items():
            error = expected_calibration_error(score, labels) if name == "model" else None
            recall = recall_at_false_positives(score, labels)
            rows.append((group, name, len(labels), int(labels.sum()), auroc(score, labels), recall, error))
    columns = ("floors", "predictor", "starts", "touches", "AUROC", "recall at 5 % false positives", "ECE")
    return Table("Touching something within 1.2 s of commanded driving", columns, tuple(rows))
