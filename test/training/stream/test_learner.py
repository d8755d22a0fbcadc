"""Learning while the stream goes on: bounded, in a thread, and only what is better takes over."""

import threading

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.stream.anomaly import StreamAnomalyDetector
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.stream import learner as stream_learner
from genmodels_ros.training.stream.learner import LearnerSettings, StreamLearner
from genmodels_ros.training.stream.learning import StreamLearning

LABELS = ("position", "velocity", "effort", "temperature")
RATE = 50.0
QUICK = LearnerSettings(
    StreamLearning("mixture", {"components": 1}, FitOptions(steps=1)), run=1.0, least=70.0, duty=1.0
)  # fmt: skip


@pytest.fixture
def pair(monkeypatch):
    monkeypatch.setattr(stream_learner, "lower_priority", lambda: None)  # others may be busy
    detector = StreamAnomalyDetector()
    learner = StreamLearner(detector.adopt, lambda: detector.model, QUICK)
    yield detector, learner
    learner.cancel()
    learner.wait(20)


def feed(learner, stamps, rows, part=50, **options):
    for first in range(0, len(stamps), part):
        learner.collect(stamps[first : first + part], rows[first : first + part], **options)


def test_a_duration_ends_in_a_model(pair, swinging_joint):
    detector, learner = pair
    assert learner.status.state == "off"
    learner.start(LABELS, 80.0)
    stamps, rows = swinging_joint(90.0, 1, RATE)
    feed(learner, stamps, rows)
    assert learner.wait(60)
    status = learner.status
    assert status.state == "off" and status.fits == status.switches == 1, status
    assert status.outcome.startswith("New model") and 70 < status.seconds <= 80
    assert detector.model.layout.labels == LABELS and detector.model.calibration.hours > 0


def test_without_end_it_learns_again_when_rows_have_doubled_and_keeps_the_better(pair, swinging_joint):
    detector, learner = pair
    learner.start(LABELS)
    stamps, rows = swinging_joint(300.0, 2, RATE)
    half = 75 * round(RATE)
    feed(learner, stamps[:half], rows[:half])
    assert learner.wait(60) and learner.status.fits == 1
    first = detector.model
    worse = rows + np.random.default_rng(0).normal(size=rows.shape) * [1e-3, 1e-2, 0.05, 0.1]
    feed(learner, stamps[half:], worse[half:])
    assert learner.wait(60) and learner.status.fits == 2, "at twice the rows, not before"
    assert detector.model is not first, "what the stream has become is now explained better"
    assert learner.status.state == "collecting"


def test_a_model_that_is_no_better_does_not_take_over(pair, swinging_joint):
    detector, learner = pair
    stamps, rows = swinging_joint(180.0, 3, RATE)
    half = len(stamps) // 2
    learner.start(LABELS, 80.0)
    feed(learner, stamps[:half], rows[:half])
    assert learner.wait(60)
    good = detector.model
    learner.settings = LearnerSettings(
        StreamLearning("mixture", {"components": 1, "regularisation": 1.0}, FitOptions(steps=1)), run=1.0, duty=1.0
    )  # fmt: skip
    learner.start(LABELS, 80.0)
    feed(learner, stamps[half:], rows[half:])
    assert learner.wait(60)
    assert detector.model is good and learner.status.outcome.startswith("Old model kept")
    assert learner.status.switches == 0


def test_an_alarm_is_not_learnt_unless_a_duration_vouches_for_it(pair, swinging_joint):
    _, learner = pair
    stamps, rows = swinging_joint(20.0, 5, RATE)
    learner.start(LABELS)
    feed(learner, stamps, rows, alarm=True)
    assert learner.status.rows == 0
    learner.start(LABELS, 1000.0)
    feed(learner, stamps, rows, alarm=True)
    assert learner.status.rows == len(rows)


def test_cancelling_forgets_and_ends_the_fit(pair, swinging_joint):
    detector, learner = pair
    learner.settings = LearnerSettings(StreamLearning("vae", {}, FitOptions(steps=100_000, looks=1)), run=1.0, duty=1.0)
    learner.start(LABELS, 80.0)
    feed(learner, *swinging_joint(90.0, 6, RATE))
    assert learner.status.state == "learning"
    threads = [thread for thread in threading.enumerate() if thread.name == "stream learning"]
    learner.cancel()
    assert learner.status.state == "off"
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert detector.model is None


def test_too_little_is_a_failure_that_says_so_and_nothing_a_refusal(pair, swinging_joint):
    detector, learner = pair
    with pytest.raises(GenModelsError) as caught:
        learner.finish()
    assert caught.value.code == ErrorCode.INVALID_DATA
    learner.start(LABELS)
    feed(learner, *swinging_joint(5.0, 7, RATE))
    learner.finish()
    assert learner.wait(20)
    assert learner.status.state == "failed" and "longer" in learner.status.outcome and detector.model is None
