"""Judges a stream of numbers row by row: how odd is it, is that an alarm, and which number is it?

    detector = StreamAnomalyDetector(StreamModel.load(folder))
    for score in detector.assess(stamps, rows): ...                 # [N] s and [N, D], as many as have come

Two statistics. `density`: -log p of the row's features, averaged over the last few rows, whose calibration says how
often an hour nominal rows reach it. `dropout`: how long nothing whole came, for which there is a rule made by hand: a
silence of `dropout` periods, and of more than twice the longest that was learnt as nominal, is an alarm.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import torch

from genmodels_ros.models.checkpoint import Card
from genmodels_ros.pipelines.stream_features import stream_features
from genmodels_ros.pipelines.stream_model import DENSITY, StreamModel

DROPOUT = "dropout"
RELEASE = 10.0  # times the budget's rate, below which rarity an alarm may end


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


class AlarmState:
    """One alarm from its first odd row until nothing was odd for `hold` s; what comes in between belongs to it."""

    def __init__(self):
        self.alarm, self.count, self._quiet_since = False, 0, -math.inf

    def update(self, stamp: float, rate: float, budget: float, hold: float) -> bool:
        """Whether there is an alarm now. It begins at `budget` and ends above RELEASE times as much: no flutter."""
        if rate <= budget:
            self.count += not self.alarm
            self.alarm = True
        if rate <= RELEASE * budget or not 0 <= stamp - self._quiet_since:
            self._quiet_since = stamp
        if self.alarm and stamp - self._quiet_since >= hold:
            self.alarm = False
        return self.alarm


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
        self._stamps, self._rows, self._surprises = np.zeros(0), None, deque()
        self._last, self._missing = None, 0

    def assess(self, stamps: np.ndarray, rows: np.ndarray) -> list[StreamScore]:
        """A score each of rows [N, D] at stamps [N] s. What is not finite, or not newer than the row before, is missing.

        Time that goes back by more than the longest silence starts it all afresh. Raises ValueError for rows that have
        not as many numbers as the model. Without a model, nothing.
        """
        model = self.model
        if model is None or not len(rows):
            return []
        if rows.shape[1] != len(model.layout.labels):
            raise ValueError(f"rows have {rows.shape[1]} numbers, the model knows {len(model.layout.labels)}")
        finite = np.isfinite(rows)
        silence, segments = self._timeline(stamps, finite.all(1), model)
        features, surprise = {}, np.full(len(rows), math.nan)
        for segment, fresh in segments:
            surprise[segment] = self._surprise(stamps[segment], rows[segment], fresh, model, features, segment)
        scores = []
        for i, stamp in enumerate(stamps):
            missing = [] if finite[i].all() else [model.layout.labels[d] for d in np.flatnonzero(~finite[i])]
            scores.append(self._score(float(stamp), surprise[i], silence[i], missing, features.get(i), model))
        return scores

    def assess_silence(self, stamp: float, seconds: float) -> StreamScore | None:
        """The score at `stamp` when nothing came for `seconds`, if that is a dropout."""
        model = self.model
        if model is None or seconds <= self.limit(model) * model.layout.period:
            return None
        return self._score(stamp, math.nan, seconds / model.layout.period, [], None, model)

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

    def _surprise(self, stamps, rows, fresh: bool, model: StreamModel, features: dict, indexes) -> np.ndarray:
        """Smoothed -log p of a segment's rows, NaN where the window is not full; `features` gets those by row."""
        lags, size = model.layout.lags, model.layout.smoothing
        if fresh or self._rows is None or self._rows.shape[1] != rows.shape[1]:
            self._stamps, self._rows, self._surprises = stamps[:0], rows[:0], deque()
        all_stamps, all_rows = np.concatenate([self._stamps, stamps]), np.concatenate([self._rows, rows])
        self._stamps, self._rows = all_stamps[-lags:], all_rows[-lags:]
        told = stream_features(all_stamps, all_rows, lags)
        answer = np.full(len(rows), math.nan)
        if not len(told):
            return answer
        first = len(rows) - len(told)
        for offset, value in enumerate(model.surprise(told)):
            self._surprises.append(value)
            while len(self._surprises) > size:
                self._surprises.popleft()
            answer[first + offset] = sum(self._surprises) / len(self._surprises)
            features[int(indexes[first + offset])] = told[offset]
        return answer

    # --- Judgement

    def _score(self, stamp, surprise, silence, missing, features, model: StreamModel) -> StreamScore:
        budget, limit = self.budget(model), self.limit(model)
        rates = {}
        if model.calibration is not None and DENSITY in model.calibration.values and math.isfinite(surprise):
            rates[DENSITY] = model.calibration.rate(DENSITY, surprise)
        if silence > limit:
            rates[DROPOUT] = budget * limit / silence  # a rule: at the limit as rare as the budget, then rarer
        rate = min(rates.values(), default=math.inf)
        was = self.state.alarm
        alarm = self.state.update(stamp, rate, budget, self.settings.hold)
        if rate <= budget:
            self._name(rates, budget, missing, features, model, began=not was)
        value = -math.log10(rate) if math.isfinite(rate) else -math.inf
        if not alarm:
            return StreamScore(stamp, value, False, "", rate, surprise)
        return StreamScore(stamp, value, True, self._cause, rate, surprise, self._contributions)

    def _name(self, rates, budget, missing, features, model: StreamModel, began: bool) -> None:
        """Finds who is to blame: of an alarm that began, or while the odd row is odder than the one blamed."""
        if rates.get(DROPOUT, math.inf) <= budget:
            self._cause, self._contributions = DROPOUT, dict.fromkeys(missing, math.nan)
            return
        if features is None or not (began or rates[DENSITY] < self._blamed_rate):
            return
        self._blamed_rate = rates[DENSITY] / RELEASE
        self._contributions = model.contributions(features)
        self._cause = max(self._contributions, key=self._contributions.get)
