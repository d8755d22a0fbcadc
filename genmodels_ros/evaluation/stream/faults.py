"""Faults put into nominal joint states: what a broken encoder, torque sensor, cable or collision would have told.

stuck        an encoder repeats its last position; the velocity computed from it is zero
bias         an encoder is off by 0.02 to 0.1 rad from one reading to the next, either way
torque bias  a torque sensor is off by 10 to 30 % of its joint's largest torque
dropout      no readings for 0.08 to 0.5 s, or one of them is NaN for as long
collision    the hand runs into a ball of MuJoCo's, cushion to foam, and the controller goes on        (simulated)
push         somebody pushes the hand with 10 to 40 N for 0.3 to 1 s                                    (simulated)
"""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.simulation.arm.motions import AFTER, BEFORE, ArmInMotion, ArmRun

KINDS = ("stuck", "bias", "torque bias", "dropout", "collision", "push")
LAPSE = (0.08, 0.5)  # s
OFFSET = (0.02, 0.1)  # rad
TORQUE_OFFSET = (0.1, 0.3)  # of the largest torque


@dataclass(frozen=True)
class StreamFault:
    """stamps [N] s and rows [N, 3 J]; onset: stamp from which the fault is there; field: index of who lies, or None."""

    kind: str
    stamps: np.ndarray
    rows: np.ndarray
    onset: float
    field: int | None = None


def fault(kind: str, run: ArmRun, rng: np.random.Generator, efforts: np.ndarray) -> StreamFault:
    """One of the faults that need no simulation, at a random moment of motion of a nominal run.

    efforts [J]: the largest torques, N m.
    """
    period = run.stamps[1] - run.stamps[0]
    before, after = round(BEFORE / period), round(AFTER / period)
    moments = np.flatnonzero(run.moving[before:-after]) + before
    moment = int(rng.choice(moments))
    cut = slice(moment - before, moment + after)
    stamps, rows = run.stamps[cut], run.readings[cut].copy()
    joints = len(efforts)
    joint, sign = int(rng.integers(joints)), rng.choice([-1.0, 1.0])
    if kind == "stuck":
        rows[before:, joint], rows[before:, joints + joint] = rows[before - 1, joint], 0.0
        return StreamFault(kind, stamps, rows, stamps[before], joint)
    if kind == "bias":
        rows[before:, joint] += sign * rng.uniform(*OFFSET)
        return StreamFault(kind, stamps, rows, stamps[before], joint)
    if kind == "torque bias":
        rows[before:, 2 * joints + joint] += sign * rng.uniform(*TORQUE_OFFSET) * efforts[joint]
        return StreamFault(kind, stamps, rows, stamps[before], 2 * joints + joint)
    lost = slice(before, before + round(rng.uniform(*LAPSE) / period))
    if rng.random() < 0.5:
        kept = np.delete(np.arange(len(rows)), lost)
        return StreamFault(kind, stamps[kept], rows[kept], stamps[before])
    field = int(rng.integers(rows.shape[1]))
    rows[lost, field] = np.nan
    return StreamFault(kind, stamps, rows, stamps[before], field)


def simulated_fault(kind: str, arm: ArmInMotion, rng: np.random.Generator) -> StreamFault:
    """A collision or a push; tries until one happens."""
    while True:
        run = getattr(arm, kind)(rng)
        if run is not None:
            return StreamFault(kind, run.stamps, run.readings, run.stamps[round(BEFORE / arm.period)])
