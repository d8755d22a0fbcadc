"""Faults are what they say, calibrations count, and the table tells what was found and what was called wrongly."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from genmodels_ros.cli import main
from genmodels_ros.data.episodes import Episodes
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.world_model import anomaly_calibration
from genmodels_ros.evaluation.world_model.anomalies import Verdict, false_alarms, table
from genmodels_ros.evaluation.world_model.anomaly_calibration import (
    RATES,
    block_peaks,
    calibrate,
    fit,
    nominal_scores,
    recorded_peaks,
)
from genmodels_ros.evaluation.world_model.faults import AFTER, BEFORE, KINDS, faults_on, healthy
from genmodels_ros.pipelines.calibration import CAUSES
from genmodels_ros.pipelines.mobile.anomaly import AnomalyScore
from genmodels_ros.pipelines.mobile.scan_matching import relative


def episodes(rows=90, drives=2, seed=0):
    """Scans of noise along arcs: slow enough to slip, standing in the last third of each drive."""
    rng = np.random.default_rng(seed)
    row = np.arange(rows)
    moves = np.minimum(row % (rows // drives), rows // drives * 2 // 3)
    x, drive = 0.04 * moves + 3.0 * (row // (rows // drives)), row // (rows // drives)
    pose = np.stack([x, 0.0 * x, 0.0 * x], axis=1).astype(np.float32)
    twist = np.zeros((rows, 2), np.float32)
    scan = rng.uniform(1.0, 5.0, (rows, 90)).astype(np.float16)
    people = np.full((rows, 1, 3), np.nan, np.float32)
    return Episodes(scan, pose.copy(), twist, pose, twist.copy(), np.zeros(rows, bool), people, drive.astype(np.int32))


@pytest.fixture(scope="module")
def faults():
    floor = episodes()
    return floor, {fault.kind: fault.episodes for fault in faults_on(floor, np.random.default_rng(1), each=2)}


def steps(poses):
    return np.array([relative(a, b) for a, b in zip(poses[:-1].astype(float), poses[1:].astype(float), strict=True)])


def test_every_kind_is_put_in_after_a_healthy_while(faults):
    floor, broken = faults
    assert set(broken) == set(KINDS)
    for kind, piece in broken.items():
        assert len(piece) == BEFORE + AFTER
        at = np.flatnonzero((floor.scan == piece.scan[0]).all(1))[0]
        for name in ("scan", "odometry"):
            np.testing.assert_array_equal(
                getattr(piece, name)[:BEFORE], getattr(floor, name)[at : at + BEFORE], err_msg=f"{kind} {name}"
            )


def test_a_frozen_scan_repeats_and_nothing_else_does(faults):
    piece = faults[1]["frozen"]
    assert (piece.scan[BEFORE:] == piece.scan[BEFORE - 1]).all()
    assert (piece.odometry == piece.pose).all()


def test_a_covered_sector_is_near_and_the_rest_as_it_was(faults):
    piece = faults[1]["covered"]
    near = piece.scan[BEFORE:].astype(float) < 0.5
    assert (near == near[0]).all() and 30 <= near[0].sum() * 4 <= 122
    assert (piece.scan[BEFORE:][~near] > 0.9).all()


def test_wheels_that_turn_in_place_and_wheels_that_slip(faults):
    stuck, slipping = faults[1]["stuck"], faults[1]["slipping"]
    assert np.abs(steps(stuck.pose)[BEFORE - 1 :]).max() < 0.004
    assert (steps(stuck.odometry)[BEFORE - 1 :, 0] > 0.039).all()
    ratio = steps(slipping.odometry)[BEFORE - 1 :, 0] / steps(slipping.pose)[BEFORE - 1 :, 0]
    np.testing.assert_allclose(ratio, 2.0, rtol=1e-3)
    assert np.abs(steps(slipping.odometry)[: BEFORE - 1] - steps(slipping.pose)[: BEFORE - 1]).max() < 1e-5


def test_a_kidnapped_robot_is_elsewhere_while_its_wheels_go_on(faults):
    piece = faults[1]["kidnap"]
    assert np.abs(steps(piece.pose)[BEFORE - 1]).max() >= 0.5
    assert np.abs(steps(piece.odometry)).max() < 0.05


def test_touching_and_losing_grip_is_not_healthy():
    floor = episodes()
    floor.touched[20] = True
    floor.odometry[60:, 0] += 0.1
    good = healthy(floor)
    assert good[:20].all() and not good[20:45].any() and good[45:60].all()
    assert not good[60:64].any() and good[70:].all()
    kinds = [fault.kind for fault in faults_on(floor, np.random.default_rng(0))]
    assert "frozen" in kinds


def score(value=-1.0, alarm=False, cause=None, **statistics):
    return AnomalyScore(value, alarm, cause, 10.0**-value, statistics)


def test_nominal_drives_end_where_health_does(monkeypatch):
    floor = episodes()
    floor.touched[20] = True
    monkeypatch.setattr(anomaly_calibration, "observations_of", lambda part: list(part.odometry))
    seen = []
    world = SimpleNamespace(reset=lambda: seen.append([]), observe=lambda row: seen[-1].append(row), anomaly=score())
    drives = list(nominal_scores(world, floor))
    assert [len(rows) for rows in seen] == [20, 45] and [len(scores) for scores in drives] == [18, 43]


def test_the_rare_end_of_a_calibration_is_that_of_the_distribution():
    """An exponential statistic: reached r times an hour is ln(n / r) for n peaks an hour."""
    rng = np.random.default_rng(0)
    hours, an_hour = 10.0, 3600
    peaks = rng.exponential(1.0, (round(hours * an_hour), len(CAUSES)))
    calibration = fit(peaks, hours, "weights")
    for cause in CAUSES:
        expected = np.log(an_hour / np.array(RATES))
        np.testing.assert_allclose(calibration.values[cause], expected, rtol=0.15)
        assert (np.diff(calibration.values[cause]) > 0).all()
        assert calibration.rate(cause, math.log(an_hour / 1.0)) == pytest.approx(1.0, rel=0.8)


def test_peaks_are_those_of_a_second_and_what_was_not_told_counts_for_nothing():
    scores = [score(motion=float(k), place=0.1) for k in range(7)] + [score(place=0.9)]
    peaks = block_peaks(scores)
    assert peaks.shape == (2, len(CAUSES))
    assert peaks[:, CAUSES.index("motion")].tolist() == [4.0, 6.0]
    np.testing.assert_allclose(peaks[:, CAUSES.index("place")], [0.1, 0.9])
    assert np.isnan(peaks[:, CAUSES.index("model")]).all()


def test_a_recording_counts_as_long_as_scans_follow_each_other(monkeypatch):
    rows = [SimpleNamespace(stamp=stamp) for stamp in (0.0, 0.2, 0.4, 5.0, 5.2, 5.3)]
    monkeypatch.setattr(anomaly_calibration, "open_recording", lambda path: path)
    monkeypatch.setattr(anomaly_calibration, "to_observations", lambda recording: rows)

    def observe(row):
        if row.stamp == 5.0:
            raise GenModelsError(ErrorCode.NOT_FINITE, "A scan without ranges.")
        return row.stamp != 5.3

    world = SimpleNamespace(reset=lambda: None, observe=observe, anomaly=score(motion=1.0))
    peaks, hours = recorded_peaks(world, "log")
    assert peaks.shape == (1, len(CAUSES)) and hours == pytest.approx(0.4 / 3600)


def test_too_little_driving_is_no_calibration():
    with pytest.raises(GenModelsError) as refusal:
        fit(np.zeros((20, len(CAUSES))), 0.01, "weights")
    assert refusal.value.code == ErrorCode.INVALID_HORIZON
    for hours in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(GenModelsError) as refusal:
            calibrate(hours=hours)
        assert refusal.value.code == ErrorCode.INVALID_HORIZON


def test_the_command_says_what_is_wrong(capsys):
    assert main(["calibrate", "world-model", "--hours", "0"]) == 2
    assert "more than 0" in capsys.readouterr().err


def test_the_table_counts_what_was_found_in_time_and_named_rightly():
    rng = np.random.default_rng(0)
    drives = [[score(value) for value in rng.normal(-2, 0.5, 200)] for _ in range(3)]
    drives[0][50:53] = [score(1.0, True, "motion")] * 3
    drives[1][10] = drives[1][30] = score(1.0, True, "place")
    verdicts = [Verdict(kind, 3.0, 0.4, "place") for kind in KINDS for _ in range(3)]
    verdicts += [Verdict("kidnap", -2.0, math.inf, None)]
    told = table(drives, verdicts, seed=0)
    rows = {row[0]: dict(zip(told.columns, row, strict=True)) for row in told.rows}
    assert rows["kidnap"]["pieces"] == 4 and rows["kidnap"]["found in 0.5 s"] == 0.75
    assert rows["kidnap"]["named rightly"] == 1.0 and rows["frozen"]["named rightly"] == 0.0
    assert rows["frozen"]["AUROC"] == 1.0 and rows["kidnap"]["AUROC"] < 1.0
    assert "90.0 an hour" in told.notes[0] and "1 motion, 2 place" in told.notes[0]
    assert "0.0 an hour" in false_alarms([[score()] * 100])
