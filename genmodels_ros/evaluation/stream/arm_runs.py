"""Simulated runs of an arm for the anomaly benchmark, each from a seed of its own; kept in a folder, if there is one.

Making an hour takes minutes, so a benchmark that was stopped, or is run again on the same folder, goes on from there.
"""

from dataclasses import fields
from functools import cached_property
from pathlib import Path

import numpy as np

from genmodels_ros.data.run_reservoir import StreamRun
from genmodels_ros.evaluation.stream.faults import StreamFault
from genmodels_ros.simulation.arm.motions import BEFORE, ArmInMotion, ArmRun

SPLITS = {"train": 0, "calibrate": 1, "test": 2, "collision": 4, "push": 5}
RUN = 120.0  # s of a nominal run
TRIES = 100


class ArmRuns:
    """Run number `index` of a split is the same whenever it is asked for."""

    def __init__(self, seed: int = 0, folder: Path | None = None):
        self.seed, self._folder = seed, folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def arm(self) -> ArmInMotion:
        return ArmInMotion()

    def nominal(self, split: str, index: int) -> ArmRun:
        """RUN s of train, calibrate or test, with a payload of its own."""
        return self._kept(
            f"{split}_{index:03d}", lambda: self._made(split, index, lambda rng: self.arm.nominal(RUN, rng))
        )

    def acted_on(self, kind: str, index: int) -> StreamFault:
        """A collision or a push."""
        run = self._kept(f"{kind}_{index:03d}", lambda: self._made(kind, index, getattr(self.arm, kind)))
        return StreamFault(
            kind, run.stamps, run.readings, float(run.stamps[round(BEFORE / np.diff(run.stamps).mean())])
        )

    def _made(self, split: str, index: int, make) -> ArmRun:
        for attempt in range(TRIES):
            run = make(self._rng(split, index, attempt))
            if run is not None:
                return run
        raise RuntimeError(f"no run of {split} in {TRIES} tries")

    def _rng(self, split: str, *numbers: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, SPLITS[split], *numbers])

    def _kept(self, name: str, make) -> ArmRun:
        path = None if self._folder is None else self._folder / f"seed_{self.seed}_{name}.npz"
        names = [field.name for field in fields(ArmRun)]
        if path is not None and path.exists():
            with np.load(path, allow_pickle=False) as file:
                return ArmRun(**{key: file[key] for key in names})
        run = make()
        if path is not None:
            np.savez_compressed(path, **{key: getattr(run, key) for key in names})
        return run


def to_stream(run: ArmRun) -> StreamRun:
    """What a detector sees of it."""
    return StreamRun(run.stamps, run.readings)
