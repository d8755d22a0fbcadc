"""The benchmark of the anomaly detector: faults are what they say, and a score is judged beside nominal running."""

from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.evaluation.stream.baselines import LargestZScore
from genmodels_ros.evaluation.stream.bench import FOUND, fault_rows, labels, nominal_windows
from genmodels_ros.evaluation.stream.faults import KINDS, OFFSET, StreamFault, fault
from genmodels_ros.pipelines.stream.anomaly import StreamAnomalyDetector
from genmodels_ros.pipelines.stream.model import StreamLayout
from genmodels_ros.simulation.arm.motions import AFTER, BEFORE, ArmRun
from genmodels_ros.training.stream.learning import calibrate_stream

EFFORTS = np.full(7, 10.0)


def standing(seed: int, seconds: float = 20.0) -> ArmRun:
    """Noise around zero: an arm that stands, said to move."""
    count, rng = round(seconds * 100), np.random.default_rng(seed)
    return ArmRun(np.arange(count) / 100, rng.normal(0, 0.01, (count, 21)), np.zeros(count), np.ones(count, bool))


@pytest.mark.parametrize("kind", KINDS[:4])
def test_a_fault_changes_what_it_should_from_its_onset_on(kind):
    for seed in range(8):
        run = standing(seed)
        one = fault(kind, run, np.random.default_rng(seed), EFFORTS)
        start = int(np.searchsorted(run.stamps, one.stamps[0]))
        clean = run.readings[start : start + round((BEFORE + AFTER) * 100)]
        onset = int(np.searchsorted(one.stamps, one.onset))
        assert np.array_equal(one.rows[:onset], clean[:onset]) and one.onset - one.stamps[0] == pytest.approx(BEFORE)
        if kind == "dropout" and one.field is None:
            assert 0.08 <= np.diff(one.stamps).max() <= 0.52
        elif kind == "dropout":
            assert np.isnan(one.rows[onset, one.field]) and np.isnan(one.rows).any(0).sum() == 1
        else:
            off = one.rows[onset:] - clean[onset:]
            changed = np.flatnonzero(np.abs(off).max(0) > 0)
            assert one.field in changed and len(changed) == (2 if kind == "stuck" else 1)
        if kind == "bias":
            assert OFFSET[0] <= np.abs(off[:, one.field]).min() <= np.abs(off[:, one.field]).max() <= OFFSET[1] + 1e-9
        if kind == "stuck":
            assert np.ptp(one.rows[onset - 1 :, one.field]) == 0 and not one.rows[onset:, one.field + 7].any()


def test_a_detector_that_sees_a_fault_has_its_auroc_and_one_that_does_not_has_a_half():
    runs = [StreamRun(run.stamps, run.readings) for run in map(standing, range(12))]
    plain = LargestZScore.of(runs[:3], StreamLayout(labels()))
    detector = StreamAnomalyDetector(replace(plain, calibration=calibrate_stream(plain, runs[3:8], 1.0)))
    nominal, alarms, hours = nominal_windows(detector, runs[8:])
    assert len(nominal) == 80 and hours == pytest.approx(80 / 3600, rel=0.01) and alarms <= 2
    faults = []
    for seed in range(12):
        one = fault("torque bias", standing(100 + seed), np.random.default_rng(seed), EFFORTS)
        faults += [one, StreamFault("bias", *_clean(one, seed), one.onset, 0)]
        faults += [replace(one, kind=kind, field=0) for kind in KINDS if kind not in ("bias", "torque bias")]
    rows = {row[0]: dict(zip(FOUND[1:], row, strict=True)) for row in fault_rows(detector, faults, nominal, 0)}
    assert rows["torque bias"]["AUROC"] == 1.0 and rows["torque bias"]["found in 1 s"] == 1.0
    assert rows["torque bias"]["named rightly"] == 1.0 and rows["torque bias"]["median delay [s]"] < 0.1
    assert 0.25 < rows["bias"]["AUROC"] < 0.75, "nothing was changed there"


def _clean(one: StreamFault, seed: int):
    run = standing(500 + seed)
    count = len(one.stamps)
    return one.stamps, run.readings[:count]
