"""A stream is judged row by row: what is broken raises the score and is named, and nothing that comes breaks it."""

import json
import math

import numpy as np
import pytest

from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.stream.anomaly import DROPOUT, StreamAnomalyDetector, StreamSettings
from genmodels_ros.pipelines.stream.model import StreamModel
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.stream.learning import Parts, StreamLearning, learn_stream

LABELS = ("position", "velocity", "effort", "temperature")
ONSET = 500  # row


@pytest.fixture(scope="module")
def model(swinging_joint):
    runs = [StreamRun(*swinging_joint(10.0, seed)) for seed in range(44)]
    learning = StreamLearning("mixture", {"components": 4, "restarts": 1}, FitOptions(steps=6))
    return learn_stream(Parts(runs[:20], runs[20:22], runs[22:]), LABELS, learning)


@pytest.fixture
def detector(model):
    return StreamAnomalyDetector(model)


@pytest.fixture
def nominal(swinging_joint):
    return lambda seed=777, seconds=10.0: swinging_joint(seconds, seed)


def broken(kind: str, rows: np.ndarray) -> np.ndarray:
    rows, rng = rows.copy(), np.random.default_rng(3)
    after = rows[ONSET:]
    if kind == "stuck":
        after[:, 0] = rows[ONSET - 1, 0]
    if kind == "bias":
        after[:, 0] += 0.05
    if kind == "torque":
        after[:, 2] += 3.0
    if kind == "noise":
        after[:, 1] += rng.normal(0, 0.1, len(after))
    if kind == "spike":
        after[0, 3] += 10.0
    if kind == "flat":
        after[:, 3] = 40.0
    return rows


NAMED = {"stuck": 0, "bias": 0, "torque": 2, "noise": 1, "spike": 3, "flat": 3}


@pytest.mark.parametrize("kind", NAMED)
def test_what_breaks_is_found_within_half_a_second_and_named(kind, detector, nominal):
    stamps, rows = nominal()
    before = [score.value for score in detector.assess(stamps[:ONSET], rows[:ONSET])]
    assert not detector.state.alarm
    scores = detector.assess(stamps[ONSET:], broken(kind, rows)[ONSET:])
    alarms = [score for score in scores if score.alarm]
    assert alarms and alarms[0].stamp - stamps[ONSET] < 0.5
    assert alarms[0].value > max(before) and alarms[0].cause == LABELS[NAMED[kind]]
    assert max(alarms[0].contributions, key=alarms[0].contributions.get) == alarms[0].cause


def test_rows_one_by_one_or_all_at_once_is_the_same(model, nominal):
    stamps, rows = nominal(seconds=1.0)
    rows = broken("torque", np.concatenate([rows] * 6))[ONSET - 50 : ONSET + 50]
    stamps = np.arange(100) / 100
    together = StreamAnomalyDetector(model).assess(stamps, rows)
    one_by_one = StreamAnomalyDetector(model)
    apart = [score for i in range(100) for score in one_by_one.assess(stamps[i : i + 1], rows[i : i + 1])]
    assert [score.alarm for score in apart] == [score.alarm for score in together]
    values = np.array([[score.surprise for score in some] for some in (apart, together)])
    assert np.allclose(*values, rtol=1e-3, atol=0.01, equal_nan=True)


@pytest.mark.parametrize("silent", [0.03, 0.2, 3.0])
def test_a_gap_is_a_dropout_from_the_rules_length_on(silent, detector, nominal):
    stamps, rows = nominal()
    kept = (stamps < 5.0) | (stamps >= 5.0 + silent)
    scores = detector.assess(stamps[kept], rows[kept])
    found = [score for score in scores if score.cause == DROPOUT]
    assert bool(found) == (silent > 0.05)
    if found:
        assert found[0].stamp == pytest.approx(5.0 + silent) and found[0].alarm
        assert detector.state.count == 1 and not scores[-1].alarm


def test_what_is_no_number_is_a_dropout_of_its_field(detector, nominal):
    stamps, rows = nominal()
    rows[ONSET : ONSET + 20, 2] = np.nan
    scores = detector.assess(stamps, rows)
    found = [score for score in scores if score.alarm]
    assert found[0].cause == DROPOUT and list(found[0].contributions) == ["effort"]
    assert found[0].stamp - stamps[ONSET] < 0.1
    assert not scores[-1].alarm and detector.state.count == 1


def test_a_fault_after_a_dropout_is_named(detector, nominal):
    stamps, rows = nominal()
    kept = (stamps < 4.0) | (stamps >= 4.5)
    scores = detector.assess(stamps[kept], broken("torque", rows)[kept])
    assert next(score for score in scores if score.alarm).cause == DROPOUT
    assert scores[-1].alarm and scores[-1].cause == "effort" and detector.state.count == 1


def test_silence_is_told_while_it_lasts(detector, nominal):
    assert detector.assess_silence(1.0, 0.04) is None
    detector.assess(*nominal(seconds=2.0))
    assert detector.assess_silence(2.03, 0.04) is None
    first, later = detector.assess_silence(3.0, 1.0), detector.assess_silence(4.0, 2.0)
    assert first.alarm and first.cause == DROPOUT and later.value > first.value
    assert detector.state.count == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1e30, 1e9])
def test_no_number_breaks_it(value, detector, nominal):
    stamps, rows = nominal(seconds=3.0)
    rows[100] = value
    rows[150:160, 1] = value
    scores = detector.assess(stamps, rows)
    assert len(scores) == len(rows) and not any(math.isnan(score.value) for score in scores)
    assert detector.state.count >= 1
    assert not scores[-1].alarm


@pytest.mark.parametrize("jump", [-100.0, 1e6, 0.0, -0.001])
def test_time_may_jump_or_stand_still(jump, detector, nominal):
    stamps, rows = nominal(seconds=4.0)
    stamps = stamps.copy()
    stamps[200:] += jump
    if jump == 0.0:
        stamps[200:203] = stamps[199]
    scores = detector.assess(stamps, rows)
    assert len(scores) == len(rows) and np.isfinite([score.value for score in scores[-50:]]).all()
    assert not scores[-1].alarm


def test_another_number_of_fields_is_refused_and_none_is_nothing(detector, nominal):
    stamps, rows = nominal(seconds=1.0)
    with pytest.raises(ValueError, match="4"):
        detector.assess(stamps, rows[:, :3])
    assert detector.assess(stamps[:0], rows[:0]) == []
    assert StreamAnomalyDetector().assess(stamps, rows) == []


def test_a_lower_budget_alarms_no_earlier(model, nominal):
    stamps, rows = nominal()
    rows = broken("torque", rows)
    first = []
    for budget in (100.0, 1.0, 0.01):
        detector = StreamAnomalyDetector(model, StreamSettings(budget=budget))
        first.append(next(score.stamp for score in detector.assess(stamps, rows) if score.alarm))
    assert first == sorted(first)


def test_a_checkpoint_brings_it_all_back(model, tmp_path, nominal):
    model.save(tmp_path)
    loaded = StreamModel.load(tmp_path)
    assert loaded.layout == model.layout and loaded.calibration.values == model.calibration.values
    both = [StreamAnomalyDetector(one).assess(*nominal()) for one in (model, loaded)]
    assert [score.value for score in both[0]] == [score.value for score in both[1]]


@pytest.mark.parametrize("harm", ["weights", "card", "calibration", "labels", "missing"])
def test_a_harmed_checkpoint_is_refused_with_a_sentence(harm, model, tmp_path):
    model.save(tmp_path)
    if harm == "missing":
        (tmp_path / "card.json").unlink()
    if harm == "weights":
        (tmp_path / "model.safetensors").write_bytes(b"no")
    if harm == "calibration":
        (tmp_path / "calibration.json").write_text('{"rates": []}')
    if harm in ("card", "labels"):
        card = json.loads((tmp_path / "card.json").read_text())
        card["config"]["data_labels"] = ["one"] if harm == "labels" else 3
        (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(GenModelsError) as caught:
        StreamModel.load(tmp_path)
    assert caught.value.code == ErrorCode.MODEL_UNAVAILABLE


def test_weights_that_were_changed_are_not_judged_by_the_old_calibration(model, tmp_path, nominal):
    model.save(tmp_path)
    calibration = json.loads((tmp_path / "calibration.json").read_text())
    (tmp_path / "calibration.json").write_text(json.dumps({**calibration, "sha256": "of others"}))
    detector = StreamAnomalyDetector(StreamModel.load(tmp_path))
    assert all(score.value == -math.inf and not score.alarm for score in detector.assess(*nominal()))


def test_the_shipped_checkpoint_knows_the_simulated_panda():
    from genmodels_ros.simulation.arm.motions import ArmInMotion

    folder = shipped("panda_joint_anomaly")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1e6
    detector = StreamAnomalyDetector(StreamModel.load(folder))
    run = ArmInMotion().nominal(4.0, np.random.default_rng(4))
    assert not any(score.alarm for score in detector.assess(run.stamps, run.readings))
    run.readings[200:, 0] = run.readings[199, 0]
    detector.forget()
    first = next(score for score in detector.assess(run.stamps, run.readings) if score.alarm)
    assert 0 <= first.stamp - run.stamps[200] < 0.2 and first.cause == "position[panda_joint1]"
