"""Windows of drives as the world model observes them: states, what moves, and the anchors that futures start from."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.anchor import MOVES, Anchor, Motion
from genmodels_ros.models.world_model.fan import Fan, warp, without
from genmodels_ros.models.world_model.latent import Latent
from genmodels_ros.models.world_model.model import LAGS, State
from genmodels_ros.training.mobile.drive_windows import Window

CONTEXT, HORIZON = 8, 14  # rows observed, and rows imagined after them
STILL_LAGS = (1, 2, 4, 6)  # rows back of the scans that tell what is hidden


@dataclass(frozen=True)
class Observed:
    """What observing a window's context gives: states and distributions of each row, [B, C, ...]."""

    window: Window  # that was observed
    h: Tensor
    z: Tensor
    prior: Latent
    posterior: Latent
    motion: Motion  # [B, C, N]
    actions: Tensor  # [B, C, 3] that led to each row

    def state(self, row: int) -> State:
        return State(self.h[:, row], self.z[:, row], self.window.twist[:, row], self.actions[:, row])


def observe_window(model: ScanWorldModel, window: Window, rng: torch.Generator | None, sample: bool = True) -> Observed:
    """Runs the posterior over all rows of `window`; with sample=False z is its mean."""
    batch, rows = window.twist.shape[:2]
    flat = lambda values: values.flatten(0, 1)  # noqa: E731
    unflat = lambda values: values.unflatten(0, (batch, rows))  # noqa: E731
    past = [_earlier(model, window, window.seen, torch.arange(rows), lag) for lag in LAGS]
    summary, motion = model.encode(window.seen.map(flat), past, flat(window.tracks), flat(window.twist))
    state, hs, zs, priors, posteriors = model.initial(batch), [], [], [], []
    actions = torch.cat([torch.zeros_like(window.actions[:, :1]), window.actions[:, :-1]], dim=1)
    for action, shown in zip(actions.unbind(1), unflat(summary).unbind(1), strict=True):
        h, prior, posterior = model.observe(state, action, shown)
        state = State(h, posterior.sample(rng) if sample else posterior.mean, state.twist, action)
        hs.append(state.h), zs.append(state.z), priors.append(prior), posteriors.append(posterior)
    return Observed(
        window, torch.stack(hs, 1), torch.stack(zs, 1), _stack(priors), _stack(posteriors), motion.map(unflat), actions
    )


def _stack(steps: list[Latent]) -> Latent:
    columns = (torch.stack(values, 1) for values in zip(*(vars(step).values() for step in steps), strict=True))
    return type(steps[0])(*columns)


def anchor_at(model: ScanWorldModel, observed: Observed, row: int) -> Anchor:
    """The anchors [B, ...] of one row: earlier scans, without what moved in them, tell what is hidden in it."""
    window, index = observed.window, torch.tensor([row])
    motion = observed.motion.map(torch.Tensor.detach)
    still = without(window.seen, (motion.moving > MOVES) & window.seen.hit)
    past = [_earlier(model, window, still, index, lag) for lag in STILL_LAGS if lag <= row]
    seen = window.seen.map(lambda values: values[:, row])
    return model.anchor(seen, window.nearest[:, row], motion.map(lambda values: values[:, row]), past)


def _earlier(model: ScanWorldModel, window: Window, fans: Fan, rows: Tensor, lag: int) -> Fan:
    """The fans `lag` rows before `rows`, moved to each row's pose by odometry, unknown before the first: [B * R, N]."""
    back = (rows - lag).clamp(min=0)
    motion = planar.relative(window.odometry[:, back], window.odometry[:, rows]).flatten(0, 1)
    moved = warp(fans.map(lambda values: values[:, back].flatten(0, 1)), model.beams, motion)
    there = (rows >= lag).repeat(window.twist.shape[0])[:, None]
    return Fan(moved.ranges, moved.hit & there, moved.known & there)
