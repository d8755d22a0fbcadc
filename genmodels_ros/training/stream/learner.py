"""Learning what is normal while the stream goes on: collects, fits in a thread, and takes over only what is better.

learner = StreamLearner(detector.adopt, lambda: detector.model)
learner.start(labels, duration=600)          # or 0: learns again whenever the rows have doubled, until `finish`
learner.collect(stamps, rows)                # from the thread that receives
learner.status
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from genmodels_ros.data.run_reservoir import RunReservoir, StreamRun
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.stream.model import StreamModel
from genmodels_ros.training.background import Breath, Stopped, lower_priority
from genmodels_ros.training.stream.learning import StreamLearning, calibrate_stream, learn_stream, mean_surprise, parted

GROWTH = 2.0  # times the rows of the last fit, before the next


@dataclass(frozen=True)
class LearnerSettings:
    """run: s of a run; most_rows: kept; least: s collected before the first fit without a duration; duty: share of the
    time at work.
    """

    learning: StreamLearning = field(default_factory=StreamLearning)
    run: float = 5.0
    most_rows: int = 200_000
    least: float = 120.0
    duty: float = 0.5


@dataclass(frozen=True)
class LearnerStatus:
    """state: off, collecting, learning or failed; outcome: of the last fit, a sentence."""

    state: str = "off"
    rows: int = 0
    seconds: float = 0.0
    fits: int = 0
    switches: int = 0
    outcome: str = ""


class StreamLearner:
    """Of one stream. All methods may be called from any thread."""

    def __init__(
        self,
        adopt: Callable[[StreamModel], None],
        present: Callable[[], StreamModel | None],
        settings: LearnerSettings = LearnerSettings(),
    ):
        self.settings = settings
        self._adopt, self._present = adopt, present
        self._status, self._lock = LearnerStatus(), threading.RLock()
        self._reservoir: RunReservoir | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def status(self) -> LearnerStatus:
        with self._lock:
            reservoir = self._reservoir
            if reservoir is None:
                return self._status
            return replace(self._status, rows=reservoir.rows, seconds=reservoir.seconds)

    def start(self, labels: tuple[str, ...], duration: float = 0.0) -> None:
        """Collects from now on; duration: s of the stream until it learns once, 0 for again and again until `finish`.

        What was collected before is forgotten.
        """
        self.cancel()
        with self._lock:
            self._labels, self._duration, self._first = labels, duration, None
            self._due = self.settings.least / self.settings.run
            self._reservoir = RunReservoir(self.settings.run, self.settings.most_rows)
            self._status = LearnerStatus("collecting")

    def collect(self, stamps: np.ndarray, rows: np.ndarray, alarm: bool = False) -> None:
        """Rows [N, D] as they come. alarm: what was judged odd is nominal only where a duration vouches for it."""
        with self._lock:
            reservoir = self._reservoir
            if reservoir is None or not len(stamps):
                return
            if alarm and not self._duration:
                reservoir.drop_run()
                return
            reservoir.add(stamps, rows)
            self._first = stamps[0] if self._first is None else min(self._first, stamps[0])
            if self._duration and stamps[-1] - self._first >= self._duration:
                self.finish()
            elif not self._duration and reservoir.seen >= self._due and self._idle():
                self._due = GROWTH * reservoir.seen
                self._learn(list(reservoir.runs))

    def finish(self) -> None:
        """Collects no more and learns from what there is. Raises GenModelsError(INVALID_DATA) if it never began."""
        with self._lock:
            if self._reservoir is None:
                raise GenModelsError(ErrorCode.INVALID_DATA, "Nothing is being collected: start learning first.")
            reservoir, status = self._reservoir, self.status
            self._reservoir, self._status = None, status
            self._end_thread()
            self._learn(list(reservoir.runs))

    def cancel(self) -> None:
        """Forgets what was collected; a fit under way ends at its next step and is thrown away."""
        with self._lock:
            self._end_thread()
            self._reservoir, self._status = None, LearnerStatus()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the fit under way has ended in time."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self._idle()

    def _idle(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    def _end_thread(self) -> None:
        self._stop.set()
        self._stop, self._thread = threading.Event(), None

    def _learn(self, runs: list[StreamRun]) -> None:
        self._status = replace(self._status, state="learning")
        work = threading.Thread(target=self._run, args=(runs, self._stop), name="stream learning")
        self._thread = work
        work.start()

    def _run(self, runs: list[StreamRun], stop: threading.Event) -> None:
        lower_priority()
        try:
            model, outcome = learn_or_keep(
                runs, self._labels, self.settings.learning, self._present(), Breath(stop, self.settings.duty)
            )
        except Stopped:
            return
        except GenModelsError as error:
            self._tell(stop, None, error.message, failed=True)
        except Exception as error:  # whatever goes wrong in learning must not stop the node
            self._tell(stop, None, f"{type(error).__name__}: {error}", failed=True)
        else:
            self._tell(stop, model, outcome)

    def _tell(self, stop: threading.Event, model: StreamModel | None, outcome: str, failed: bool = False) -> None:
        with self._lock:
            if stop.is_set():
                return
            if model is not None:
                self._adopt(model)
            after = "collecting" if self._reservoir is not None else "failed" if failed else "off"
            self._status = replace(
                self._status, state=after, outcome=outcome, fits=self._status.fits + (not failed),
                switches=self._status.switches + (model is not None),
            )  # fmt: skip


def learn_or_keep(
    runs: list[StreamRun], labels: tuple[str, ...], learning: StreamLearning, present: StreamModel | None, breathe
) -> tuple[StreamModel | None, str]:
    """(a new model, or None where `present` explains the runs kept apart no worse, and why)."""
    parts = parted(runs)
    model = learn_stream(parts, labels, learning, breathe)
    new = mean_surprise(model, parts.calibrate)
    if present is None or present.layout.labels != labels:
        return model, f"New model taken: {new:.2f} nats a row on runs kept apart, there was none before."
    old = mean_surprise(present, parts.calibrate)
    if new < old:
        return model, f"New model taken: {new:.2f} nats a row on runs kept apart, {old:.2f} before."
    if present.calibration is None:
        calibration = calibrate_stream(present, parts.calibrate, learning.budget, learning.peak_every)
        return replace(present, calibration=calibration), f"Old model kept ({old:.2f} nats a row), calibrated."
    return None, f"Old model kept: {old:.2f} nats a row on runs kept apart, the new one has {new:.2f}."
