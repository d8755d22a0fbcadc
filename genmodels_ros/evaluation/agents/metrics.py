"""How good predicted futures are: distances, misses, likelihood, calibration (as Argoverse and MotionLM count them)."""

import numpy as np

from genmodels_ros.data.agent_frame import TIME_STEP

HORIZONS = (1.0, 2.8)  # s
FEW = 6  # samples, of which the best counts
MISSED = 0.5  # m at the end, farther than which all of FEW are a miss


def step_of(horizon: float) -> int:
    """Index of the step that ends at `horizon` s."""
    return round(horizon / TIME_STEP) - 1


def distances(samples: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """m, [M, ..., T] between samples [M, ..., T, 2] and truth [M, T, 2]."""
    truth = truth.reshape(len(truth), *[1] * (samples.ndim - 3), *truth.shape[1:])
    return np.linalg.norm(samples - truth, axis=-1)


def point_errors(point: np.ndarray, truth: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """ADE and FDE [M] m of one prediction [M, T, 2] up to `horizon`."""
    d = distances(point, truth)[:, : step_of(horizon) + 1]
    return d.mean(axis=1), d[:, -1]


def best_errors(samples: np.ndarray, truth: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """minADE and minFDE [M] m of the first FEW of samples [M, K, T, 2] up to `horizon`."""
    d = distances(samples[:, :FEW], truth)[..., : step_of(horizon) + 1]
    return d.mean(axis=2).min(axis=1), d[..., -1].min(axis=1)


def coverage(truth_log_prob: np.ndarray, sample_log_prob: np.ndarray, region: float) -> float:
    """Share of truths [M] inside the region of highest density that holds `region` (Hyndman 1996).

    sample_log_prob: [M, K] of samples from the same density, which tell how high that region begins.
    """
    lower = (sample_log_prob < truth_log_prob[:, None]).sum(axis=1)
    return float((lower >= (1 - region) * (sample_log_prob.shape[1] + 1) - 1e-9).mean())
