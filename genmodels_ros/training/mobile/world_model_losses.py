"""What the scan world model learns from drives.

Each window is observed for CONTEXT rows, which gives the ELBO, and then imagined for HORIZON steps by the prior alone
from somewhere in the context (latent overshooting, Hafner et al. 2019), which trains what planners use:

    loss = -(E_q[log p(x_t | h_t, z_t)] - beta KL(q || p))                       the ELBO, observed rows
           - log p(x_{t+k} | imagined)                                           the future scan
           - log p(pose_{t+k} | imagined) - log p(touched_{t+k} | imagined)      where it is, whether it hits
           + what moves, and where it goes                                       known in simulation
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from genmodels_ros.models.world_model import ScanWorldModel, planar
from genmodels_ros.models.world_model.anchor import KNOTS, Anchor
from genmodels_ros.models.world_model.latent import balanced_kl
from genmodels_ros.models.world_model.model import TIME_STEP, Rollout
from genmodels_ros.training.mobile.drive_windows import Window
from genmodels_ros.training.mobile.observed_windows import CONTEXT, HORIZON, Observed, anchor_at, observe_window

BETA, BALANCE, FREE_NATS = 1.0, 0.8, 1.0
DECODED = 4  # of the horizon's scans are decoded a batch, at random
SLOWEST = 0.1  # [m/s] that counts as moving


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
    "reconstruction": 0.5, "sketch": 0.5, "kl": BETA, "imagined": 1.0, "pose": 0.02, "collision": 3.0, "moving": 2.0,
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
