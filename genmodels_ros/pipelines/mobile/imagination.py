"""What imagining takes and gives: bounds of a request, and commands and futures at any time step."""

import math
from dataclasses import dataclass

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.model import TIME_STEP

MAX_SEQUENCES = 4096  # commands x samples of one call
MAX_STEPS = 150  # of TIME_STEP
TIME_STEPS = (0.02, 2.0)  # [s] that a caller may choose


@dataclass(frozen=True)
class Imagination:
    """Futures of N command sequences, T steps each; poses in base_link at `stamp`."""

    stamp: float  # [s] of the observation it starts from
    origin: np.ndarray  # [3] base_link at `stamp`, in odom
    time_step: float  # [s]
    poses: np.ndarray  # [N, T, 3] m, rad
    position_std: np.ndarray  # [N, T] m
    collision_probability: np.ndarray  # [N, T] of having touched something by then
    ranges: np.ndarray | None = None  # [N, T, B] m, at `angle_min` + i * `angle_increment`
    angle_min: float = -math.pi
    angle_increment: float = 0.0


@dataclass(frozen=True)
class PathScores:
    """One entry a path; the lowest score is best."""

    scores: np.ndarray  # [N]
    collision_probability: np.ndarray  # [N] along the path, as far as the model looks
    best_index: int


@dataclass(frozen=True)
class Forecast:
    """The expected scans of one command sequence at the lidar's own beams."""

    poses: np.ndarray  # [T, 3] in base_link at the last observation
    ranges: np.ndarray  # [T, B] m, where the beam hits something
    hit: np.ndarray  # [T, B] whether it is expected to: False where the last scan saw nothing that way
    std: np.ndarray  # [T, B] m
    collision_probability: np.ndarray  # [T]


def checked_commands(commands, time_step: float, num_samples: int) -> np.ndarray:
    """Commands as an array [N, T, 2].

    Raises GenModelsError: WRONG_LENGTH for another shape; INVALID_COUNT for no or too many sequences or samples;
    INVALID_HORIZON for no or too many steps or a time step out of bounds; NOT_FINITE.
    """
    commands = np.asarray(commands, dtype=float)
    if commands.ndim != 3 or commands.shape[2] != 2:
        raise GenModelsError(
            ErrorCode.WRONG_LENGTH, f"Commands need the shape [sequences, steps, 2], got {commands.shape}."
        )
    count, steps, _ = commands.shape
    if num_samples < 1 or not 1 <= count * num_samples <= MAX_SEQUENCES:
        raise GenModelsError(
            ErrorCode.INVALID_COUNT,
            f"Ask for 1 to {MAX_SEQUENCES} sequences times samples, got {count} times {num_samples}.",
        )
    if not TIME_STEPS[0] <= time_step <= TIME_STEPS[1]:  # NaN fails too
        raise GenModelsError(
            ErrorCode.INVALID_HORIZON, f"The time step must be {TIME_STEPS[0]} to {TIME_STEPS[1]} s, got {time_step}."
        )
    if not 1 <= steps <= 10 * MAX_STEPS or steps * time_step > MAX_STEPS * TIME_STEP:
        raise GenModelsError(
            ErrorCode.INVALID_HORIZON,
            f"A future has at least one step and at most {MAX_STEPS * TIME_STEP:g} s, got {steps} of {time_step} s.",
        )
    if not np.isfinite(commands).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "Commands must be finite.")
    return commands


def hold(commands: np.ndarray, time_step: float, own_step: float) -> np.ndarray:
    """Commands held for `time_step` as means over steps of `own_step`; the last one is held to the end."""
    if abs(time_step - own_step) < 1e-9:
        return commands
    edges = time_step * np.arange(commands.shape[1] + 1)
    own_steps = math.ceil(edges[-1] / own_step - 1e-9)
    own_edges = own_step * np.arange(own_steps + 1)
    integral = np.concatenate([np.zeros_like(commands[:, :1]), np.cumsum(commands * time_step, axis=1)], axis=1)
    beyond = own_edges[-1] - edges[-1]
    edges = np.append(edges, edges[-1] + beyond + 1e-9)
    integral = np.concatenate([integral, integral[:, -1:] + commands[:, -1:] * (beyond + 1e-9)], axis=1)
    return np.diff(interpolate(own_edges, edges, integral), axis=1) / own_step


def interpolate(times: np.ndarray, known: np.ndarray, values: np.ndarray, first: float | None = None) -> np.ndarray:
    """Values [N, K, ...] at `known` times, linearly at `times`; `first` is put before them if given."""
    if first is not None:
        values = np.concatenate([np.full_like(values[:, :1], first), values], axis=1)
    index = np.clip(np.searchsorted(known, times, side="right") - 1, 0, len(known) - 2)
    weight = np.clip((times - known[index]) / (known[index + 1] - known[index]), 0.0, 1.0)
    weight = weight.reshape(1, -1, *[1] * (values.ndim - 2))
    return values[:, index] * (1 - weight) + values[:, index + 1] * weight
