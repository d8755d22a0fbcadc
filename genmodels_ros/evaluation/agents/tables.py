"""The tables of predicted motion: distances, likelihood and calibration, and who moves how."""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.data.agent_frame import FUTURE
from genmodels_ros.data.agent_tracks import AgentWindows
from genmodels_ros.evaluation.agents.metrics import FEW, HORIZONS, MISSED, best_errors, coverage, point_errors
from genmodels_ros.evaluation.statistics import bootstrap_mean
from genmodels_ros.evaluation.tables import Table

STILL = 0.1  # m within the past, below which somebody stands
STEADY = (0.35, 0.3)  # rad and share, by which mean heading and speed of future and past differ at most


@dataclass(frozen=True)
class Score:
    """Of each of M windows."""

    point: np.ndarray  # [M, FUTURE, 2]
    samples: np.ndarray  # [M, SAMPLES, FUTURE, 2]
    truth: np.ndarray  # [M, FUTURE, 2]
    log_prob: np.ndarray | None  # [M] of the truth
    sample_log_prob: np.ndarray | None  # [M, SAMPLES]


def distance_table(scores: dict[str, Score], where: str) -> Table:
    """Metres, at both horizons, and misses."""
    rows = []
    for name, s in scores.items():
        row = [name]
        for horizon in HORIZONS:
            ade, fde = point_errors(s.point, s.truth, horizon)
            best_ade, best_fde = best_errors(s.samples, s.truth, horizon)
            row += [ade.mean(), fde.mean(), best_ade.mean(), best_fde.mean()]
        low, high = bootstrap_mean(point_errors(s.point, s.truth, HORIZONS[-1])[1], block=200)
        rows.append((row[0], *map(float, row[1:]), f"{low:.3f} to {high:.3f}", float((best_fde > MISSED).mean())))
    names = (f"{name} at {h} s [m]" for h in HORIZONS for name in ("ADE", "FDE", f"minADE{FEW}", f"minFDE{FEW}"))
    columns = ("predictor", *names, f"FDE at {HORIZONS[-1]} s, 95 % interval", "missed")
    notes = (
        "ADE and FDE are of a rule's own prediction, or of the mean of the samples. "
        f"missed: none of {FEW} samples ends within {MISSED} m.",
    )
    return Table(f"Distances: {where}", columns, tuple(rows), notes)


def density_table(scores: dict[str, Score], where: str) -> Table:
    """Nats, and whether regions of highest density hold as many truths as they say."""
    rows = []
    for name, s in scores.items():
        if s.log_prob is None:
            rows.append((name, None, None, None))
            continue
        inside = [coverage(s.log_prob, s.sample_log_prob, region) for region in (0.5, 0.9)]
        rows.append((name, float(-s.log_prob.mean()), *inside))
    columns = ("predictor", "−log p of the 28 displacements [nats]", "truths in the 50 % region", "in the 90 % region")
    notes = ("Displacements to come carry noise of 5 mm each, so that who stands has a density.",)
    return Table(f"Likelihood and calibration: {where}", columns, tuple(rows), notes)


def by_what_happens_table(scores: dict[str, Score], windows: AgentWindows, where: str) -> Table:
    """FDE and minFDE of each predictor, for each group of `what_happens`."""
    groups = what_happens(windows)
    rows = []
    for name, s in scores.items():
        fde = point_errors(s.point, s.truth, HORIZONS[-1])[1]
        best = best_errors(s.samples, s.truth, HORIZONS[-1])[1]
        rows.append((name, *(float(e[g].mean()) if g.any() else None for g in groups.values() for e in (fde, best))))
    columns = (f"{group} ({flags.mean():.0%}): {m}" for group, flags in groups.items() for m in ("FDE", f"minFDE{FEW}"))
    return Table(f"At {HORIZONS[-1]} s, by what happens [m]: {where}", ("predictor", *columns), tuple(rows))


def what_happens(windows: AgentWindows) -> dict[str, np.ndarray]:
    """Flags [M]: who has been standing, who goes on as before, who turns, stops or changes pace."""
    before, after = windows.past[:, -1] - windows.past[:, -6], windows.future[:, -1] - windows.past[:, -1]
    stands = np.hypot(*(windows.past[:, -1] - windows.past[:, 0]).T) < STILL
    angle = np.arctan2(after[:, 1], after[:, 0]) - np.arctan2(before[:, 1], before[:, 0])
    angle = np.abs((angle + np.pi) % (2 * np.pi) - np.pi)
    speeds = [np.hypot(*before.T) / 5, np.hypot(*after.T) / FUTURE]
    steady = (angle < STEADY[0]) & (np.abs(speeds[1] - speeds[0]) < STEADY[1] * speeds[0]) & ~stands
    return {"has been standing": stands, "goes on": steady, "turns, stops or changes pace": ~stands & ~steady}
