"""Rows of an endless stream, as a bounded sample of short runs: each moment of the past is as likely kept as any other.

Whole runs are kept, not rows: what is judged of a row depends on those before it.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StreamRun:
    """Rows [N, D] without a gap, at rising stamps [N] s."""

    stamps: np.ndarray
    rows: np.ndarray

    @property
    def seconds(self) -> float:
        return float(self.stamps[-1] - self.stamps[0]) if len(self.stamps) > 1 else 0.0


class RunReservoir:
    """Algorithm R (Vitter 1985) over runs of `seconds`; as many as make `most_rows` if like the first."""

    def __init__(self, seconds: float = 5.0, most_rows: int = 200_000, seed: int = 0, longest_gap: float = 5.0):
        """longest_gap: times the last step between rows; after more of a pause a new run begins."""
        self._length, self._most_rows, self._gap = seconds, most_rows, longest_gap
        self._rng = np.random.default_rng(seed)
        self.runs: list[StreamRun] = []
        self.rows = self.seen = 0  # rows taken at all; runs finished at all
        self._begin()

    @property
    def seconds(self) -> float:
        """Of the stream that the runs kept are from."""
        return sum(run.seconds for run in list(self.runs))

    def add(self, stamps: np.ndarray, rows: np.ndarray) -> None:
        """Takes rows [N, D] in their order; those that are not finite are left out, time that stands still, too."""
        for stamp, row in zip(stamps.tolist(), rows, strict=True):
            if not np.isfinite(row).all():
                continue
            if self._stamps and not self._follows(stamp, row):
                self._begin()
            self._stamps.append(stamp)
            self._rows.append(np.array(row))
            self.rows += 1
            if stamp - self._stamps[0] >= self._length or len(self._stamps) >= self._most_rows:
                self._finish()

    def drop_run(self) -> None:
        """Forgets the run under way: something in it was not nominal."""
        self._begin()

    def _follows(self, stamp: float, row: np.ndarray) -> bool:
        step = stamp - self._stamps[-1]
        usual = self._stamps[-1] - self._stamps[-2] if len(self._stamps) > 1 else step
        return 0 < step <= self._gap * usual and len(row) == len(self._rows[-1])

    def _begin(self) -> None:
        self._stamps: list[float] = []
        self._rows: list[np.ndarray] = []

    def _finish(self) -> None:
        run = StreamRun(np.array(self._stamps), np.array(self._rows))
        self._begin()
        self.seen += 1
        most = max(1, self._most_rows // len((self.runs or [run])[0].stamps))
        if len(self.runs) < most:
            self.runs.append(run)
        elif (place := int(self._rng.integers(self.seen))) < most:
            self.runs[place] = run
