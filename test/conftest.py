"""Importing the simulation chooses MuJoCo's renderer: before any test module imports mujoco itself."""

import numpy as np
import pytest
from hypothesis import settings

import genmodels_ros.simulation  # noqa: F401

settings.register_profile("shared machine", deadline=None)  # how long an example takes says nothing there
settings.load_profile("shared machine")


def _swinging_joint(seconds: float, seed: int, rate: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    """(stamps [N] s, rows [N, 4]: position, velocity, effort, temperature) of a pendulum that a motor moves."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    q, dq, ddq = np.zeros((3, len(t)))
    for frequency in rng.uniform(0.1, 0.6, 3):
        phase, amplitude, w = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.5), 2 * np.pi * frequency
        q += amplitude * np.sin(w * t + phase)
        dq += amplitude * w * np.cos(w * t + phase)
        ddq -= amplitude * w**2 * np.sin(w * t + phase)
    effort = 0.5 * ddq + 4.0 * np.sin(q) + 0.3 * np.tanh(5 * dq)
    rows = np.stack([q, dq, effort, np.full(len(t), 40.0)], axis=1)
    return t, rows + rng.normal(size=rows.shape) * [1e-3, 1e-2, 0.05, 0.1]


@pytest.fixture(scope="session")
def swinging_joint():
    """A stream of numbers that belong together: swinging_joint(seconds, seed) → stamps, rows."""
    return _swinging_joint
