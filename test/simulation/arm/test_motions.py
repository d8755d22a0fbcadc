"""What joint states tell of an arm in motion: nominal runs touch nothing, the others are acted on when they say so."""

import numpy as np
import pytest

from genmodels_ros.simulation.arm.motions import AFTER, BEFORE, HIT, NOISE, PUSH, ArmInMotion


@pytest.fixture(scope="module")
def arm():
    return ArmInMotion()


@pytest.fixture(scope="module")
def nominal(arm):
    return arm.nominal(6.0, np.random.default_rng(0))


def test_a_nominal_run_keeps_the_limits_and_touches_nothing(arm, nominal):
    positions, velocities, efforts = np.split(nominal.readings, 3, axis=1)
    assert nominal.stamps[-1] >= 5.9 and np.diff(nominal.stamps) == pytest.approx(0.01)
    assert arm.robot.within_limits(positions, tolerance=6 * NOISE[0])
    assert (np.abs(velocities) < arm.robot.limits.velocity + 6 * NOISE[1]).all()
    assert (np.abs(efforts) < arm.efforts + 6 * NOISE[2]).all()
    assert not nominal.force.any() and 0 < nominal.payload < 0.5 and nominal.moving.mean() > 0.5


def test_readings_are_noisy_and_belong_together(nominal):
    positions, velocities, _ = np.split(nominal.readings, 3, axis=1)
    slope = (positions[10:] - positions[:-10]) / 0.1
    assert np.abs(slope - velocities[5:-5]).max() < 0.1
    bends = np.diff(positions, n=2, axis=0)
    assert np.median(np.abs(bends)) == pytest.approx(0.674 * np.sqrt(6) * NOISE[0], rel=0.3)


def test_the_same_seed_gives_the_same_run_whatever_was_run_before(arm, nominal):
    arm.push(np.random.default_rng(9))
    again = arm.nominal(6.0, np.random.default_rng(0))
    assert np.array_equal(again.readings, nominal.readings) and again.payload == nominal.payload


@pytest.mark.parametrize("kind", ["collision", "push"])
def test_what_acts_on_the_arm_begins_where_it_should_and_is_felt(kind, arm):
    run = next(run for seed in range(20) if (run := getattr(arm, kind)(np.random.default_rng([1, seed]))) is not None)
    onset = round(BEFORE / arm.period)
    assert len(run.stamps) == onset + round(AFTER / arm.period)
    assert (run.force[:onset] <= HIT).all() and run.force[onset] > HIT
    if kind == "push":
        assert PUSH[0] <= run.force[onset] <= PUSH[1]
    efforts = run.readings[:, 14:]
    before = np.abs(np.diff(efforts[onset - 20 : onset], axis=0)).max()
    assert np.abs(efforts[onset + 5] - efforts[onset - 1]).max() > before
