"""Trains the scan world model on drives.

Each window is observed for CONTEXT rows, which gives the ELBO, and then imagined for HORIZON steps by the prior alone
from somewhere in the context (latent overshooting, Hafner et al. 2019), which trains what planners use:

    loss = -(E_q[log p(x_t | h_t, z_t)] - beta KL(q || p))                       the ELBO, observed rows
           - log p(x_{t+k} | imagined)                                           the future scan
           - log p(pose_{t+k} | imagined) - log p(touched_{t+k} | imagined)      where it is, whether it hits
           + what moves, and where it goes                                       known in simulation
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from genmodels_ros.data.episodes import read_card, shard_paths, split_by_floor
from genmodels_ros.device import generator, resolve_device
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.fan import RANGE_LIMIT, Fan, fill, warp, without
from genmodels_ros.models.world_model.latent import Latent, balanced_kl
from genmodels_ros.models.world_model.model import (
    KNOTS,
    LAGS,
    MOVES,
    TIME_STEP,
    Anchor,
    Motion,
    Rollout,
    State,
    cumulative,
)
from genmodels_ros.training.drive_windows import DriveWindows, Window
from genmodels_ros.training.loop import (
    ExponentialMovingAverage,
    TrainingState,
    cosine_learning_rate,
    progress,
    set_learning_rate,
)

CONTEXT, HORIZON = 8, 14
BETA, BALANCE, FREE_NATS = 1.0, 0.8, 1.0
STILL_LAGS = (1, 2, 4, 6)  # rows back of the scans that tell what is hidden
SLOWEST = 0.1  # [m/s] that counts as moving
DECODED = 4  # of the horizon's scans are decoded a batch, at random
LEARNING_RATE = 1e-3
SAVE_EVERY = 500


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


def losses(model: ScanWorldModel, window: Window, rng: torch.Generator) -> dict[str, Tensor]:
    """The terms of the loss, each a mean over the batch, in nats a beam where they are about beams."""
    context = window.part(slice(0, CONTEXT))
    observed = observe_window(model, context, rng)
    start = int(torch.randint(4, CONTEXT, (1,), generator=rng))
    future = window.part(slice(start + 1, start + 1 + HORIZON))
    actions = window.actions[:, start : start + HORIZON]
    anchor = anchor_at(model, observed, start)
    rollout = model.imagine(observed.state(start), actions, rng)
    terms = _elbo(model, context, observed, rng)
    terms |= _motion_terms(context, observed)
    terms["imagined"] = _imagined_nll(model, rollout, anchor, future, rng)
    terms["pose"] = _pose_nll(rollout, window.truth[:, start], future)
    hazard = model.hazard(_detached(rollout), anchor, actions[..., :2])
    terms["collision"] = hazard_nll(hazard, future.touched, window.touched[:, start])
    return terms


WEIGHTS = {
    "reconstruction": 0.5, "sketch": 0.1, "kl": BETA, "imagined": 1.0, "pose": 0.02, "collision": 3.0, "moving": 2.0,
    "path": 1.0,
}  # fmt: skip


def _elbo(model: ScanWorldModel, context: Window, observed: Observed, rng: torch.Generator) -> dict[str, Tensor]:
    """-E_q[log p(x_t | h_t, z_t)] with and without the scan before, on a row, and KL(q || p) on all, all a beam."""
    kl = balanced_kl(observed.posterior, observed.prior, balance=BALANCE, free_nats=FREE_NATS)[:, 1:].mean()
    row = int(torch.randint(1, CONTEXT, (1,), generator=rng))
    h, z, known = observed.h[:, row], observed.z[:, row], context.fan.known[:, row]
    motion = planar.relative(context.odometry[:, row - 1], context.odometry[:, row])
    age = torch.full_like(motion[:, 0], TIME_STEP)
    decoded = model.decode(h, z, anchor_at(model, observed, row - 1), motion, age, 0 * age)
    nll = lambda scan: -(scan.log_prob(context.fan.ranges[:, row]) * known).sum() / known.sum()  # noqa: E731
    return {"reconstruction": nll(decoded), "sketch": nll(model.sketch(h, z)), "kl": kl / model.beams.count}


def _imagined_nll(
    model: ScanWorldModel, rollout: Rollout, anchor: Anchor, future: Window, rng: torch.Generator
) -> Tensor:
    steps = torch.randperm(HORIZON, generator=rng)[:DECODED]
    batch = rollout.h.shape[0]
    repeat = lambda values: values.repeat_interleave(DECODED, 0)  # noqa: E731
    anchors = anchor.map(repeat)
    age = (TIME_STEP * (steps + 1)).repeat(batch)
    pick = lambda values: values[:, steps].flatten(0, 1)  # noqa: E731
    decoded = model.decode(
        pick(rollout.h), pick(rollout.z), anchors, pick(rollout.poses).detach(), age, pick(rollout.told)
    )
    known = pick(future.fan.known) & pick(free_until(future.touched))[:, None]
    return -(decoded.log_prob(pick(future.fan.ranges)) * known).sum() / known.sum().clamp(min=1)


def free_until(touched: Tensor) -> Tensor:
    """Rows [B, T] up to and with the first touch: what follows is pushing, which the model does not learn."""
    before = torch.cat([torch.zeros_like(touched[:, :1]), touched[:, :-1]], dim=1)
    return before.cumsum(1) == 0


def _pose_nll(rollout: Rollout, start: Tensor, future: Window) -> Tensor:
    """Negative log-likelihood of the true position and heading; the heading's deviation is fixed."""
    actual = planar.relative(start[:, None].expand_as(future.truth), future.truth)
    std = rollout.position_std + 0.005
    squared = (rollout.poses[..., :2] - actual[..., :2]).square().sum(-1)
    heading = planar.wrap(rollout.poses[..., 2] - actual[..., 2]).abs() / 0.05
    nll = (0.5 * squared / std.square() + 2 * std.log() + heading).clamp(max=50)
    free = free_until(future.touched)
    return (nll * free).sum() / free.sum().clamp(min=1)


def _motion_terms(context: Window, observed: Observed) -> dict[str, Tensor]:
    """Which beams hit something that moves, and where it goes; judged where earlier scans were there to compare with.

    The distance to where it went, not its square: what is learnt is the median of where it may go.
    """
    rows = slice(2, None)
    truth, hit = context.path[:, rows], context.seen.hit[:, rows]
    moves = truth[..., 0, :].norm(dim=-1) > SLOWEST * KNOTS[0]
    logits = observed.motion.moving[:, rows]
    moving = nn.functional.binary_cross_entropy_with_logits(logits, moves.float(), reduction="none")
    error = ((observed.motion.path[:, rows] - truth).norm(dim=-1) / truth.new_tensor(KNOTS)).mean(-1)
    moves = moves & hit
    return {
        "moving": (moving * hit).sum() / hit.sum(),
        "path": (error * moves).sum() / moves.sum().clamp(min=1),
    }


def hazard_nll(logits: Tensor, touched: Tensor, touching: Tensor) -> Tensor:
    """Discrete-time survival likelihood of the first touch [B, T]; windows that begin in contact are left out.

    -log of prod_{k < t} (1 - hazard_k) * hazard_t, where t is the first touch or the horizon's end.
    """
    at_risk = free_until(touched) & ~touching[:, None]
    nll = nn.functional.binary_cross_entropy_with_logits(logits, touched.float(), reduction="none")
    return (nll * at_risk).sum() / at_risk.sum().clamp(min=1)


def _detached(rollout: Rollout) -> Rollout:
    return replace(rollout, poses=rollout.poses.detach(), position_std=rollout.position_std.detach())


@torch.no_grad()
def validate(model: ScanWorldModel, drives: DriveWindows, count: int = 512, seed: int = 0) -> dict[str, float]:
    """What the card says, on held-out floors from row CONTEXT - 1 on.

    Where nothing is touched: mean error over beams of the predicted scan beside that of the last scan moved, by the
    commands alone and with the true pose given [m], and of the position after 2 s beside the commanded unicycle [m]. Of
    all windows: Brier score of the collision probability within 1.2 s, beside that of always stating the base rate.
    """
    rows = torch.randperm(len(drives.starts), generator=generator(seed))[:count].sort().values.numpy()
    parts = [drives.window(drives.starts[some]) for some in _chunks(rows, 128)]
    sums: dict[str, list[Tensor]] = {}
    for window in parts:
        for name, values in _window_metrics(model, window).items():
            sums.setdefault(name, []).append(values)
    values = {name: torch.cat(items) for name, items in sums.items()}
    probability, touched = values.pop("probability"), values.pop("touched")
    metrics = {name: float(items.mean()) for name, items in values.items()}
    metrics["collision_brier"] = float((probability - touched).square().mean())
    metrics["collision_brier_of_base_rate"] = float(touched.mean() * (1 - touched.mean()))
    return metrics


def _chunks(rows, size: int):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _window_metrics(model: ScanWorldModel, window: Window) -> dict[str, Tensor]:
    start = CONTEXT - 1
    observed = observe_window(model, window.part(slice(0, CONTEXT)), None, sample=False)
    anchor, future = anchor_at(model, observed, start), window.part(slice(start + 1, start + 1 + HORIZON))
    actions = window.actions[:, start : start + HORIZON]
    rollout = model.imagine(observed.state(start), actions, sample=False)
    actual = planar.relative(window.truth[:, start : start + 1].expand_as(future.truth), future.truth)
    told = planar.drive(actions[..., :2], TIME_STEP)
    clear = ~window.touched[:, start]
    free = clear & ~future.touched[:, :10].any(1)
    result = {
        "pose_error": (rollout.poses - actual)[free, 9, :2].norm(dim=-1),
        "pose_error_unicycle": (told - actual)[free, 9, :2].norm(dim=-1),
        "heading_error": planar.wrap((rollout.poses - actual)[free, 9, 2]).abs(),
        "heading_error_unicycle": planar.wrap((told - actual)[free, 9, 2]).abs(),
    }
    for step in (1, 4, 9):
        age = torch.full_like(actual[:, 0, 0], TIME_STEP * (step + 1))
        h, z = rollout.h[:, step], rollout.z[:, step]
        given = model.decode(h, z, anchor, actual[:, step], age, 0 * age)
        decoded = model.decode(h, z, anchor, rollout.poses[:, step], age, rollout.told[:, step])
        still, told_fan = (warp(anchor.seen, model.beams, pose[:, step]) for pose in (actual, told))
        known = future.fan.hit[:, step] & free[:, None]
        predictions = {
            "scan": decoded.ranges,
            "scan_pose_given": given.ranges,
            "warp_commanded": fill(told_fan.ranges, told_fan.known),
            "warp_pose_given": fill(still.ranges, still.known),
        }
        for name, ranges in predictions.items():
            error = (ranges.clamp(max=RANGE_LIMIT) - future.fan.ranges[:, step]).abs()
            result[f"{name}_error_{age[0]:.1f}s"] = error[known]
    probability = cumulative(model.hazard(rollout, anchor, actions[..., :2]))[:, 5]
    return result | {"probability": probability[clear], "touched": future.touched[:, :6].any(1)[clear].float()}


def train(
    *, data: Path, out: Path, steps: int, batch_size: int = 32, seed: int = 0, device: str = "cpu",
    resume: bool = False, latent: str = "gaussian", without: Sequence[str] = (),
) -> Card:  # fmt: skip
    """Trains on the shards in `data`, writes the averaged weights and their card to `out`; returns the card.

    Every SAVE_EVERY steps the state and the checkpoint so far are written. Floors are split into training and
    validation ones; the card's metrics are of the latter.
    """
    target = resolve_device(device)
    if target.type != "cpu":
        target = torch.device("cpu")  # windows are built on the CPU and the recurrent model is small: no gain measured
    torch.manual_seed(seed)
    rng = generator(seed)
    model = ScanWorldModel(kind=latent, without=without).to(target)
    training, validation = split_by_floor(shard_paths(data))
    drives = DriveWindows(training, model.beams, CONTEXT + HORIZON)
    held_out = DriveWindows(validation, model.beams, CONTEXT + HORIZON)
    average = ExponentialMovingAverage(model)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=1e-4)
    state = TrainingState(
        out, modules={"model": model, "average": average.average}, optimizers={"adam": optimizer}, rng=rng
    )
    first = state.load() if resume else 0

    def write(step: int) -> Card:
        card = Card(
            model="scan_world_model",
            config=model.config,
            data=read_card(data) | {"training_floors": len(training), "validation_floors": len(validation)},
            command=f"genmodels train world-model --data {Path(data).name} --out {Path(out).name} --steps {steps} "
            f"--batch-size {batch_size} --seed {seed}" + _options(latent, without),
            seed=seed,
            steps=step,
            metrics=validate(average.average, held_out),
        )
        return save_checkpoint(out, average.average, card)

    card = None
    for step in progress(first, steps, "world model"):
        set_learning_rate(optimizer, cosine_learning_rate(step, steps, LEARNING_RATE))
        terms = losses(model, drives.sample(batch_size, rng), rng)
        loss = sum(WEIGHTS[name] * value for name, value in terms.items())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()
        average.update(model, step)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            state.save(step + 1)
            card = write(step + 1)
            print(f"{step + 1}: {_rounded(terms)} | {_rounded(card.metrics)}", flush=True)
    return card or write(first)


def _options(latent: str, without: Sequence[str]) -> str:
    return (f" --latent {latent}" if latent != "gaussian" else "") + "".join(f" --without {part}" for part in without)


def _rounded(values: dict) -> str:
    return " ".join(f"{name}={float(torch.as_tensor(value).detach()):.4f}" for name, value in values.items())
