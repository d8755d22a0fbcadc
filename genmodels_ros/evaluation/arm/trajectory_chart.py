"""The arm benchmark as a picture: how long answers take, and what share of problems reaches what."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.evaluation.arm.outcomes import RAW_SAMPLES, Outcome
from genmodels_ros.evaluation.statistics import wilson_interval

WIDTH, ROW, HEAD, FOOT = 1200, 400, 56, 10  # px
CURVES = (110, 560)  # px, left and right edge of the latency plot
BARS = (860, 1120)  # px, where 0 % and 100 % are
LATENCY = (5.0, 10_000.0)  # ms
INK, FAINT, OURS, THEIRS = (60, 50, 45), (225, 222, 218), (180, 110, 20), (60, 120, 235)  # BGR
SHARES: tuple[tuple[str, Callable[[Outcome], bool]], ...] = (
    ("solved and clean", lambda o: o.clean),
    ("OMPL solved", lambda o: o.planner_length is not None),
    ("answered by the model", lambda o: o.by_model),
    (f"unrefined, best of {RAW_SAMPLES}", lambda o: o.raw),
    ("3 candidates or more", lambda o: len(o.result.candidates) >= 3),
    ("2 modes or more", lambda o: o.modes >= 2),
    ("... something between", lambda o: o.separated),
)


def draw(outcomes: dict[str, Sequence[Outcome]], path: Path) -> None:
    """Writes a PNG with a row for each problem set. Raises OSError where it cannot be written."""
    picture = np.full((HEAD + ROW * len(outcomes) + FOOT, WIDTH, 3), 255, np.uint8)
    _text(picture, "Arm motions: genmodels beside OMPL RRTConnect + simplify", (30, 36), 0.75)
    for row, (name, of_set) in enumerate(outcomes.items()):
        panel = picture[HEAD + row * ROW : HEAD + (row + 1) * ROW]
        _text(panel, f"{name.replace('_', ' ')}, {len(of_set)} problems", (30, 26), 0.55)
        _latencies(panel, of_set)
        _bars(panel, of_set)
    encoded, png = cv2.imencode(".png", picture)
    if not encoded:
        raise OSError(f"{path} could not be encoded.")
    Path(path).write_bytes(png.tobytes())


def _latencies(panel: np.ndarray, outcomes: Sequence[Outcome]) -> None:
    """Share of problems answered within a time, for both."""
    (left, right), top, bottom = CURVES, 92, ROW - 60
    for share in (0, 25, 50, 75, 95):
        y = int(bottom - share / 100 * (bottom - top))
        cv2.line(panel, (left, y), (right, y), FAINT, 1)
        _text(panel, f"{share} %", (left - 52, y + 4), 0.4)
    for ms in (10, 30, 100, 300, 1000, 3000, 10_000):
        x = int(_log_place(ms))
        cv2.line(panel, (x, top), (x, bottom), FAINT, 1)
        _text(panel, f"{ms} ms" if ms < 1000 else f"{ms // 1000} s", (x - 18, bottom + 20), 0.4)
    for name, color, seconds, y in (
        ("genmodels", OURS, [o.latency for o in outcomes], 52),
        ("OMPL", THEIRS, [o.planner_latency for o in outcomes], 74),
    ):
        x = _log_place(1e3 * np.sort(seconds))
        height = bottom - np.arange(1, len(x) + 1) / len(x) * (bottom - top)
        stairs = np.stack([np.repeat(x, 2), np.concatenate([[bottom], np.repeat(height, 2)[:-1]])], axis=1)
        cv2.polylines(panel, [np.round(stairs).astype(np.int32)], False, color, 2, cv2.LINE_AA)
        label = f"{name}: median {1e3 * np.median(seconds):.0f} ms, p95 {1e3 * np.percentile(seconds, 95):.0f} ms"
        cv2.line(panel, (left, y - 5), (left + 24, y - 5), color, 2)
        _text(panel, label, (left + 32, y), 0.45)
    _text(panel, "answered within", ((left + right) // 2 - 50, bottom + 42), 0.45)


def _bars(panel: np.ndarray, outcomes: Sequence[Outcome]) -> None:
    """Shares of problems with their 95 % intervals."""
    left, right = BARS
    for index, (name, holds) in enumerate(SHARES):
        y, count = 64 + index * 40, sum(map(holds, outcomes))
        at = left + count / len(outcomes) * (right - left)
        low, high = (int(left + limit * (right - left)) for limit in wilson_interval(count, len(outcomes)))
        color = THEIRS if name.startswith("OMPL") else OURS
        _text(panel, name, (left - 210, y + 14), 0.48)
        cv2.rectangle(panel, (left, y), (right, y + 20), FAINT, -1)
        cv2.rectangle(panel, (left, y), (int(at), y + 20), color, -1)
        cv2.line(panel, (low, y + 10), (high, y + 10), INK, 2)
        for x in (low, high):
            cv2.line(panel, (x, y + 5), (x, y + 15), INK, 2)
        _text(panel, f"{100 * count / len(outcomes):.0f} %", (right + 10, y + 15), 0.48)


def _log_place(ms):
    """Horizontal position of times in ms."""
    low, high = np.log(LATENCY)
    return CURVES[0] + (np.log(np.clip(ms, *LATENCY)) - low) / (high - low) * (CURVES[1] - CURVES[0])


def _text(picture: np.ndarray, text: str, at: tuple[int, int], size: float, color=INK) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, color, 1, cv2.LINE_AA)
