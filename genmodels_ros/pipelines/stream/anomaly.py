"""Judges a stream of numbers row by row: how odd is it, is that an alarm, and which number is it?

    detector = StreamAnomalyDetector(StreamModel.load(folder))
    for score in detector.assess(stamps, rows): ...                 # [N] s and [N, D], as many as have come

Two statistics. `density`: -log p of the row's features, averaged over the last few rows, whose calibration says how
often an hour nominal rows reach it. `dropout`: how long nothing whole came, for which there is a rule made by hand: a
silence of `dropout` periods, and of more than twice the longest that was learnt as nominal, is an alarm.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from genmodels_ros.models.checkpoint import Card
from genmodels_ros.pipelines.stream.alarm_state import RELEASE, AlarmState
from genmodels_ros.pipelines.stream.features import smooth, stream_features
from genmodels_ros.pipelines.stream.model import DENSITY, StreamModel

DROPOUT = "dropout"


@dataclass(frozen=True)
class StreamScore:
    """value: -log10 of how often an hour nominal rows are as odd; -inf where nothing can be told."""

    stamp: float
    value: float = -math.inf
    alarm: bool = False
    cause: str = ""  # the field that fits least, or dropout; told while there is an alarm
    false_alarms_per_hour: float = math.inf
    surprise: float = math.nan  # [nats] smoothed -log p
    contributions: dict[str, float] = field(default_factory=dict)  # [nats] of each field, while there is an alarm


@dataclass(frozen=True)
class StreamSettings:
    """budget: false alarms an hour, None for the calibration's; hold: s without anything odd until an alarm ends.

    dropout: periods of silence that are none yet.
    """

    budget: float | None = None
    hold: float = 1.0
    dropout: float = 5.0


class StreamAnomalyDetector:
    """One stream's. `model` may be None until something is learnt, and be replaced at any time by `adopt`.

    Not to be called from several threads at once, but for `adopt`.
    """

    def __init__(self, model: StreamModel | None = None, settings: StreamSettings = StreamSettings()):
        self.model, self.settings = model, settings
        self.forget()

    @property
    def card(self) -> Card:
        """Of the model, an empty one without."""
        return self.model.card if self.model else Card("stream_density", {})

    @property
    def device(self) -> torch.device:
        return self.model.device if self.model else torch.device("cpu")

    @property
    def num_parameters(self) -> int:
        return self.model.num_parameters if self.model else 0

    def adopt(self, model: StreamModel | None) -> None:
        """Judges by `model` from the next call on."""
        self.model = model

    def forget(self) -> None:
        """As if no row had come."""
        self.state = AlarmState()
        self._cause, self._contributions, self._blamed_rate = "", {}, math.inf
        self._restart()

    def _restart(self) -> None:
        self._stamps, self._rows, self._surprises = np.zeros(0), None, np.zeros(0)
        self._last, self._missing = None, 0

    def assess(self, stamps: np.ndarray, rows: np.ndarray) -> list[StreamScore]:
        """A score a row of rows [N, D] at stamps [N] s. What is not finite, or not newer than the last, is missing.

        Time that goes back by more than the longest silence starts it all afresh. Raises ValueError for rows that have
        not as many numbers as the model. Without a model, nothing.
        """
        model = self.model
        if model is None or not len(rows):
            return []
        if rows.shape[1] != len(model.layout.labels):
            raise ValueError(f"rows have {rows.shape[1]} numbers, the model knows {len(model.layout.labels)}")
        finite = np.isfinite(rows)
        whole = finite.all(1)
        silence, segments = self._timeline(stamps, whole, model)
        features, surprise = [None] * len(rows), np.full(len(rows), math.nan)
        for segment, fresh in segments:
            told, surprise[segment] = self._surprise(stamps[segment], rows[segment], fresh, model)
            for place, one in zip(segment[len(segment) - len(told) :], told, strict=True):
                features[place] = one
        rates = self._rates(surprise, model)
        scores = []
        for i, stamp in enumerate(stamps.tolist()):
            missing = [] if whole[i] else [model.layout.labels[d] for d in np.flatnonzero(~finite[i])]
            scores.append(self._score(stamp, float(surprise[i]), rates[i], silence[i], missing, features[i], model))
        return scores

    def assess_silence(self, stamp: float, seconds: float) -> StreamScore | None:
        """The score at `stamp` when nothing came for `seconds`, if that is a dropout."""
        model = self.model
        if model is None or seconds <= self.limit(model) * model.layout.period:
            return None
        return self._score(stamp, math.nan, math.inf, seconds / model.layout.period, [], None, model)

    @property
    def last_stamp(self) -> float:
        """Of the last whole row [s], 0 before any."""
        return self._last or 0.0

    def limit(self, model: StreamModel) -> float:
        """Periods without a whole row that are no dropout yet."""
        return max(self.settings.dropout, 2 * model.layout.longest_gap)

    def budget(self, model: StreamModel) -> float:
        """False alarms an hour."""
        return self.settings.budget or (model.calibration.budget if model.calibration else 1.0)

    # --- Time

    def _timeline(self, stamps: np.ndarray, whole: np.ndarray, model: StreamModel):
        """Periods [N] since the last whole row, and the whole rows in unbroken segments: (indexes, begins anew)."""
        limit, silence, segments = self.limit(model), np.zeros(len(stamps)), []
        for i, stamp in enumerate(stamps):
            if self._last is not None and stamp < self._last - limit * model.layout.period:
                self._restart()
            gap = 0.0 if self._last is None else (stamp - self._last) / model.layout.period
            if not whole[i] or (self._last is not None and gap <= 0):
                self._missing += 1
                silence[i] = max(gap, self._missing + 1)
                continue
            silence[i], self._missing = max(gap, self._missing + 1 if self._missing else 0), 0
            fresh = self._last is None or gap > limit
            if fresh or not segments:
                segments.append(([], fresh))
            segments[-1][0].append(i)
            self._last = float(stamp)
        return silence, [(np.array(indexes), fresh) for indexes, fresh in segments]

    def _surprise(self, stamps, rows, fresh: bool, model: StreamModel) -> tuple[np.ndarray, np.ndarray]:
        """(features of the last rows of a segment, smoothed -log p [N], NaN where the window is not full)."""
        lags, size = model.layout.lags, model.layout.smoothing
        if fresh or self._rows is None or self._rows.shape[1] != rows.shape[1]:
            self._stamps, self._rows, self._surprises = stamps[:0], rows[:0], np.zeros(0)
        all_stamps, all_rows = np.concatenate([self._stamps, stamps]), np.concatenate([self._rows, rows])
        self._stamps, self._rows = all_stamps[-lags:], all_rows[-lags:]
        told, answer = stream_features(all_stamps, all_rows, lags), np.full(len(rows), math.nan)
        if len(told):
            surprises = np.concatenate([self._surprises, model.surprise(told)])
            answer[len(rows) - len(told) :] = smooth(surprises, size)[len(self._surprises) :]
            self._surprises = surprises[len(surprises) - min(len(surprises), size - 1) :]
        return told, answer

    def _rates(self, surprise: np.ndarray, model: StreamModel) -> list[float]:
        """How often an hour nominal rows are as surprising [N]; inf where that cannot be told."""
        if model.calibration is None or DENSITY not in model.calibration.values:
            return [math.inf] * len(surprise)
        rates = model.calibration.rates_of(DENSITY, np.nan_to_num(surprise))
        return np.where(np.isfinite(surprise), rates, math.inf).tolist()

    # --- Judgement

    def _score(self, stamp, surprise, density, silence, missing, features, model: StreamModel) -> StreamScore:
        """density: how often an hour nominal rows are as surprising."""
        budget, limit = self.budget(model), self.limit(model)
        dropout = budget * limit / silence if silence > limit else math.inf  # at the limit as rare as the budget
        rate = min(density, dropout)
        was = self.state.alarm
        alarm = self.state.update(stamp, rate, budget, self.settings.hold)
        if rate <= budget:
            self._name(density, dropout <= budget, missing, features, model, began=not was)
        value = -math.log10(rate) if math.isfinite(rate) else -math.inf
        if not alarm:
            return StreamScore(stamp, value, False, "", rate, surprise)
        return StreamScore(stamp, value, True, self._cause, rate, surprise, self._contributions)

    def _name(self, density, dropout: bool, missing, features, model: StreamModel, began: bool) -> None:
        """Finds who is to blame: of an alarm that began, or where a row is odder by far than the one blamed."""
        if dropout:
            self._cause, self._contributions, self._blamed_rate = DROPOUT, dict.fromkeys(missing, math.nan), math.inf
        elif features is not None and (began or density < self._blamed_rate):
            self._blamed_rate = density / RELEASE
            self._contributions = model.contributions(features)
            self._cause = max(self._contributions, key=self._contributions.get)
