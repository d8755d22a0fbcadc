"""What a bounded sample of an endless stream keeps: whole runs, as many as fit, each moment with the same chance."""

import numpy as np
import pytest

from genmodels_ros.data.run_reservoir import RunReservoir


def stream(first: int, count: int, period: float = 0.125):
    stamps = (first + np.arange(count)) * period
    return stamps, np.stack([stamps, np.sin(stamps)], axis=1)


def test_runs_are_whole_and_their_rows_in_order():
    reservoir = RunReservoir(seconds=1.0)
    for first in range(0, 100, 7):
        reservoir.add(*stream(first, 7))
    assert reservoir.rows == 105 and reservoir.seen == len(reservoir.runs) == 11
    for run in reservoir.runs:
        assert run.seconds == 1.0
        assert (np.diff(run.stamps) == 0.125).all() and len(run.stamps) == 9
        assert np.array_equal(run.rows[:, 0], run.stamps)
    assert reservoir.seconds == 11.0


def test_memory_is_bounded_and_every_moment_as_likely_kept():
    kept = np.zeros(40)
    for seed in range(300):
        reservoir = RunReservoir(seconds=0.875, most_rows=64, seed=seed)
        reservoir.add(*stream(0, 320))
        assert len(reservoir.runs) == 8 and reservoir.seen == 40
        kept[[round(run.stamps[0]) for run in reservoir.runs]] += 1
    assert kept.mean() == 60
    assert np.abs(kept - 60).max() < 4.5 * np.sqrt(60 * 0.8), "first and last runs alike"


def test_a_pause_and_time_that_goes_back_begin_a_new_run():
    reservoir = RunReservoir(seconds=1.0)
    reservoir.add(*stream(0, 8))
    reservoir.add(*stream(40, 8))
    assert not reservoir.runs
    reservoir.add(*stream(4, 9))
    (run,) = reservoir.runs
    assert run.stamps[0] == pytest.approx(0.5)


def test_what_is_no_number_is_left_out_and_a_dropped_run_forgotten():
    reservoir = RunReservoir(seconds=1.0)
    stamps, rows = stream(0, 9)
    rows[4, 1] = np.nan
    reservoir.add(stamps, rows)
    (run,) = reservoir.runs
    assert len(run.rows) == 8 and np.isfinite(run.rows).all()
    reservoir.add(*stream(9, 8))
    reservoir.drop_run()
    reservoir.add(*stream(17, 5))
    assert len(reservoir.runs) == 1
