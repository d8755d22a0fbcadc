"""Fits the world model's ego-motion to one robot's own minutes and judges the result on the newest of them.

What differs from robot to robot is how commands become motion: latency, slip, acceleration. So the ego-motion head
alone learns, from positions rebuilt from scans, which needs nobody's word on people or collisions; what the model
knows of scans and of collisions stays as it was trained. Memory and latents do not depend on the head and are computed
once, so that a step costs milliseconds.
"""

import copy
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from genmodels_ros.data.episodes import Episodes, save_shard
from genmodels_ros.device import generator
from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.model import TIME_STEP, State
from genmodels_ros.training.loop import cosine_learning_rate, set_learning_rate
from genmodels_ros.training.mobile.drive_windows import DriveWindows
from genmodels_ros.training.mobile.observed_windows import CONTEXT, HORIZON, observe_window

JUDGED = 10  # steps ahead: 2 s
STRIDE = JUDGED  # rows between held-back windows, so that they hardly share anything
DENSE = 3  # rows between windows learnt from
FEWEST = 12  # held-back windows that tell anything
SURE = 2.33  # standard errors that the gain must lie above zero: 1 % one-sided, as rounds repeat
GAIN = 0.03  # share of the error that must be gained at least
HEADING = 0.05  # [rad] deviation
BLOCKED = 0.3  # [m] at most that an error counts: beyond it somebody stood in the way
FLOOR = 0.005  # [m] that positions rebuilt from scans are off by


@dataclass(frozen=True)
class FineTuning:
    """How a round learns."""

    steps: int = 300
    batch_size: int = 64
    learning_rate: float = 3e-3
    held_back: float = 0.3  # share of the rows: the newest
    seed: int = 0


@dataclass(frozen=True)
class Adaptation:
    """What a round came to. Errors: mean distance [m] after 2 s between foreseen and rebuilt position, held back."""

    switched: bool
    reason: str
    windows: int = 0
    error_before: float = math.nan
    error_after: float = math.nan
    gain_at_least: float = math.nan  # [m] mean gain less SURE standard errors


@dataclass(frozen=True)
class Futures:
    """M moments of a drive and the HORIZON steps after each: all that the ego-motion head is given, and what came."""

    start: State  # [M, ...]
    h: Tensor  # [M, T, H]
    z: Tensor  # [M, T, Z]
    actions: Tensor  # [M, T, 3]
    poses: Tensor  # [M, T, 3] in the frame of the start

    def at(self, index) -> "Futures":
        """Some of the moments."""
        start = State(*(getattr(self.start, item.name)[index] for item in fields(State)))
        return Futures(start, self.h[index], self.z[index], self.actions[index], self.poses[index])


def adapt(
    model: ScanWorldModel, episodes: Episodes, settings: FineTuning, breathe: Callable[[], None] = lambda: None
) -> tuple[ScanWorldModel | None, Adaptation]:
    """A better copy of `model` on the CPU, or None, and why. `model` itself is left as it is.

    episodes: drives of one robot, oldest first. `breathe` is called before every step, to sleep or to raise.
    """
    model = copy.deepcopy(model).cpu()  # where the windows are; wherever the robot's model runs
    older, newest = split(episodes, settings.held_back)
    training, judged = futures(model, older, DENSE, breathe), futures(model, newest, STRIDE, breathe)
    count = 0 if judged is None else len(judged.h)
    if training is None or count < FEWEST:
        return None, Adaptation(False, f"{count} held-back windows are too few: {FEWEST} are needed", count)
    candidate = _tuned(model, training, settings, breathe)
    result = judge(position_errors(model, judged), position_errors(candidate, judged))
    return (candidate if result.switched else None), result


def split(episodes: Episodes, held_back: float) -> tuple[Episodes, Episodes]:
    """The older rows and the newest ones."""
    first = len(episodes) - round(held_back * len(episodes))
    part = lambda rows: Episodes(**{item.name: getattr(episodes, item.name)[rows] for item in fields(Episodes)})  # noqa: E731
    return part(slice(0, first)), part(slice(first, None))


@torch.no_grad()
def futures(
    model: ScanWorldModel, episodes: Episodes, stride: int, breathe: Callable[[], None] = lambda: None
) -> Futures | None:
    """The futures of windows `stride` rows apart, by the mean of the latents; None if no drive is long enough."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "floor_00000.npz"
        save_shard(path, episodes)
        drives = DriveWindows([path], model.beams, CONTEXT + HORIZON)
    parts, starts, now = [], spaced(drives.starts, stride), CONTEXT - 1
    for i in range(0, len(starts), 8):
        breathe()
        window = drives.window(starts[i : i + 8])
        state = observe_window(model, window.part(slice(0, CONTEXT)), None, sample=False).state(now)
        actions = window.actions[:, now : now + HORIZON]
        rollout = model.imagine(state, actions, sample=False)
        future = window.truth[:, now + 1 : now + 1 + HORIZON]
        poses = planar.relative(window.truth[:, now : now + 1].expand_as(future), future)
        parts.append(Futures(state, rollout.h, rollout.z, actions, poses))
    return _joined(parts) if parts else None


def _joined(parts: list[Futures]) -> Futures:
    cat = lambda items: torch.cat(list(items))  # noqa: E731
    start = State(*(cat(getattr(part.start, item.name) for part in parts) for item in fields(State)))
    return Futures(start, *(cat(getattr(part, name) for part in parts) for name in ("h", "z", "actions", "poses")))


def spaced(starts: np.ndarray, stride: int) -> np.ndarray:
    """Of all first rows, in order, those at least `stride` apart."""
    chosen = []
    for start in starts:
        if not chosen or start - chosen[-1] >= stride:
            chosen.append(int(start))
    return np.array(chosen, dtype=int)


def foreseen(model: ScanWorldModel, given: Futures) -> tuple[Tensor, Tensor]:
    """Poses [M, T, 3] and deviations of the position [M, T] that the ego-motion head makes of the actions."""
    state, twists, spreads = given.start, [], []
    for h, z, action in zip(given.h.unbind(1), given.z.unbind(1), given.actions.unbind(1), strict=True):
        twist, spread = model.ego_motion(state, h, z, action)
        state = replace(state, twist=twist, action=action)
        twists.append(twist), spreads.append(spread)
    return planar.drive(torch.stack(twists, 1), TIME_STEP), torch.stack(spreads, 1).cumsum(-1)


@torch.no_grad()
def position_errors(model: ScanWorldModel, given: Futures) -> np.ndarray:
    """Distance [M] m, at most BLOCKED, between the position foreseen JUDGED steps on and that of the drive."""
    off = foreseen(model, given)[0][:, JUDGED - 1] - given.poses[:, JUDGED - 1]
    return off[:, :2].norm(dim=-1).clamp(max=BLOCKED).double().numpy()


def pose_nll(model: ScanWorldModel, given: Futures) -> Tensor:
    """Mean negative log-likelihood of positions (normal) and headings (Laplace), each step's at most 50 nats."""
    poses, spread = foreseen(model, given)
    std, off = spread + FLOOR, poses - given.poses
    squared = off[..., :2].square().sum(-1) / std.square()
    heading = planar.wrap(off[..., 2]).abs() / HEADING
    return (0.5 * squared + 2 * std.log() + heading).clamp(max=50.0).mean()


def _tuned(model: ScanWorldModel, given: Futures, settings: FineTuning, breathe: Callable[[], None]) -> ScanWorldModel:
    candidate, rng = copy.deepcopy(model).requires_grad_(False), generator(settings.seed)
    parameters = list(candidate.ego.requires_grad_(True).parameters())
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.0)
    for step in range(settings.steps):
        breathe()
        set_learning_rate(optimizer, cosine_learning_rate(step, settings.steps, settings.learning_rate, warmup=20))
        loss = pose_nll(candidate, given.at(torch.randint(len(given.h), (settings.batch_size,), generator=rng)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 3.0)
        optimizer.step()
    return candidate.eval().requires_grad_(False)


def judge(before: np.ndarray, after: np.ndarray) -> Adaptation:
    """A paired test: the switch is worth it if the mean gain is GAIN of the error and SURE standard errors above 0."""
    gain = before - after
    least = float(gain.mean() - SURE * gain.std(ddof=1) / math.sqrt(len(gain)))
    better = bool(least > 0 and gain.mean() >= GAIN * before.mean())
    reason = "the held-back error fell by more than noise" if better else "the held-back error did not fall enough"
    return Adaptation(better, reason, len(gain), float(before.mean()), float(after.mean()), least)
