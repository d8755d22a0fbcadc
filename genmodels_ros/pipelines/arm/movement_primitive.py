"""A skill as a distribution over the control points of the house's splines: a probabilistic movement primitive.

    q(u) = Phi(u) w,     w ~ N(mu, S)                  (Paraschos et al. 2013; w: start, interior control points, goal)
    h(w*) = y:           w* = mu + S H^T (H S H^T)^-1 (y - h(mu))                     exact conditioning, their eq. 5, 6

Two departures, as few demonstrations say little of S. The gain is taken from S + λ² K, with K a smooth kernel over the
phase: a via-point that no demonstration suggests is reached by a smooth bend, and where the demonstrations vary by more
than λ they say how to go with it. And what varies after conditioning are the demonstrations, each bent by its own gain
(Matheron's rule): nothing at the via-point, as demonstrated far from it, never an invented width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.demonstration_alignment import POINTS, align
from genmodels_ros.robots.paths.bspline import basis_at, fit_curve, pace

FEWEST, MOST = 3, 100  # demonstrations
CONTROL_POINTS = 16
REACH = 0.15  # of the way; the kernel's length scale: how far to either side a bend is felt
LIBERTY, LEAST_LIBERTY = 1 / 3, 0.05  # λ: this share of the demonstrations' own spread, but so many rad at least
ITERATIONS = 50
EXACT = 1e-6  # rad or m


@dataclass(frozen=True)
class Condition:
    """h(w) = target [C]: evaluate maps weights [W, D] to (h [C], its Jacobian [C, W * D])."""

    target: np.ndarray
    evaluate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class MovementPrimitive:
    """weights [M, W, D] of the demonstrations, rad: start, interior control points, goal; of one robot's joints."""

    weights: np.ndarray
    robot: str = "panda"

    @classmethod
    def learn(cls, demonstrations: Sequence[np.ndarray], robot: str = "panda") -> "MovementPrimitive":
        """From paths [T, D] of joint positions. Raises GenModelsError(INVALID_DATA) for too few, or too many."""
        if not FEWEST <= len(demonstrations) <= MOST or len({path.shape[1] for path in demonstrations}) != 1:
            raise GenModelsError(
                ErrorCode.INVALID_DATA,
                f"Give {FEWEST} to {MOST} demonstrations of the same joints, not {len(demonstrations)}.",
            )
        fits = [fit_curve(partial(_at, curve), CONTROL_POINTS, 8 * CONTROL_POINTS) for curve in align(demonstrations)]
        return cls(np.stack(fits)[:, 1:-1], robot)

    @property
    def mean(self) -> np.ndarray:
        """mu [W, D]."""
        return self.weights.mean(axis=0)

    def covariance(self) -> np.ndarray:
        """S [W D, W D] of the demonstrations, of rank M - 1 at most."""
        away = (self.weights - self.mean).reshape(len(self.weights), -1)
        return away.T @ away / (len(away) - 1)

    def pliable(self) -> np.ndarray:
        """S + λ² K [W D, W D], of full rank."""
        S, (W, D) = self.covariance(), self.mean.shape
        liberty = max(LEAST_LIBERTY, LIBERTY * float(np.sqrt(np.diag(S).mean())))
        u = np.linspace(0, 1, W)
        kernel = np.exp(-0.5 * ((u[:, None] - u) / REACH) ** 2) + 1e-9 * np.eye(W)
        return S + liberty**2 * np.kron(kernel, np.eye(D))

    def bend(self, weights: np.ndarray, conditions: Sequence[Condition]) -> np.ndarray:
        """The least change of weights [W, D], by the measure of S + λ² K, that meets all conditions to EXACT.

        Gauss-Newton where they are not linear (the iterated Kalman update, Bell & Cathey 1993).
        Raises GenModelsError(GOAL_UNREACHABLE) where it does not get there.
        """
        pliable, prior = self.pliable(), weights.reshape(-1)
        w, target = prior, np.concatenate([condition.target for condition in conditions])
        for _ in range(ITERATIONS):
            values, rows = zip(*(condition.evaluate(w.reshape(weights.shape)) for condition in conditions), strict=True)
            residual, H = target - np.concatenate(values), np.concatenate(rows)
            if np.abs(residual).max() < EXACT:
                return w.reshape(weights.shape)
            spread = H @ pliable @ H.T
            spread += 1e-9 * np.trace(spread) / len(spread) * np.eye(len(spread))
            w = prior + pliable @ H.T @ np.linalg.solve(spread, residual + H @ (w - prior))
        raise GenModelsError(
            ErrorCode.GOAL_UNREACHABLE,
            f"The path cannot be bent so far: {np.abs(residual).max():.3g} (m or rad) are left. Move the via-point.",
        )

    def surprise(self, condition: Condition, resolution: float) -> float:
        """Mahalanobis distance of a target from what the demonstrations did there, which is known to `resolution`.

        About sqrt(C) for one like them; beyond 3 or so nothing in the demonstrations speaks for it.
        """
        value, H = condition.evaluate(self.mean)
        spread = H @ self.covariance() @ H.T + resolution**2 * np.eye(len(H))
        away = condition.target - value
        return float(np.sqrt(away @ np.linalg.solve(spread, away)))

    def save(self, path: Path) -> None:
        """As an .npz of `weights` and `robot`."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("wb") as file:
            np.savez_compressed(file, weights=self.weights, robot=np.array(self.robot))

    @classmethod
    def load(cls, path: Path) -> "MovementPrimitive":
        """Raises GenModelsError(MODEL_UNAVAILABLE) for a file that is missing, damaged or something else."""
        try:
            with np.load(path, allow_pickle=False) as file:
                weights, robot = file["weights"].astype(float), str(file["robot"])
            if weights.ndim != 3 or weights.shape[1] != CONTROL_POINTS - 2 or len(weights) < FEWEST:
                raise ValueError(f"weights have the shape {weights.shape}")
            if not np.isfinite(weights).all():
                raise ValueError("weights are not finite")
        except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, BadZipFile) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, f"{path} holds no skill ({error}): make one by 'genmodels skill learn'."
            ) from error
        return cls(weights, robot)


def control_points(weights: np.ndarray) -> np.ndarray:
    """[*, N, D] of weights [*, W, D]: the first and last twice, so that the motion starts and ends at rest."""
    return np.concatenate([weights[..., :1, :], weights, weights[..., -1:, :]], axis=-2)


def phase_row(phase: float | np.ndarray) -> np.ndarray:
    """Phi(u) [*, W]: what each weight counts for at a phase u in [0, 1], the share of the way gone."""
    s = np.interp(phase, pace(CONTROL_POINTS, 1001), np.linspace(0, 1, 1001))
    row = basis_at(CONTROL_POINTS, np.atleast_1d(s))
    inner = row[:, 1:-1].copy()
    inner[:, 0] += row[:, 0]
    inner[:, -1] += row[:, -1]
    return inner.reshape(*np.shape(phase), -1)


def at_phase(phase: float, joints: np.ndarray) -> Condition:
    """q(phase) = joints [D]."""
    joints = np.asarray(joints, dtype=float)
    row = phase_row(phase)
    H = np.kron(row, np.eye(len(joints)))
    return Condition(joints, lambda w: (row @ w, H))


def _at(curve: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Of an aligned demonstration [POINTS, D] at shares [M] of the way."""
    return np.stack([np.interp(fraction, np.linspace(0, 1, POINTS), column) for column in curve.T], axis=-1)
