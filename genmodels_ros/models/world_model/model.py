"""The scan world model: what a lidar will see and whether the robot will touch something, for any commands.

A variational autoencoder over sequences (the recurrent state-space model of Hafner et al. 2019) with explicit geometry:

    memory      h_t = GRU(h_{t-1}, [z_{t-1}, a_{t-1}])
    prior       z_t ~ p(z_t | h_t)                          imagine
    posterior   z_t ~ q(z_t | h_t, x_t)                     observe
    ego-motion  twist_t between the command, the one before and twist_{t-1}: latency and ramps, judged from (h_t, z_t)
    decoder     x_t | h_t, z_t, the last scan moved to pose_t, with what moves moved on
    collision   hazard_t from (h_t, z_t) and the clearance of the predicted footprint to the moved points
                P(touched by t) = 1 - prod_{k <= t} (1 - hazard_k)

Geometry alone is a strong predictor; the network learns what geometry cannot know.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model import planar
from genmodels_ros.models.world_model.anchor import KNOTS, MOVES, Anchor, Motion, knot_weights
from genmodels_ros.models.world_model.fan import (
    FAR,
    Beams,
    Fan,
    circle,
    complete,
    directions,
    fill,
    in_front,
    symlog,
    warp,
    without,
)
from genmodels_ros.models.world_model.latent import LATENTS, Latent
from genmodels_ros.models.world_model.layers import CircularConv, CircularNet, mlp, pool_sectors, zero_
from genmodels_ros.models.world_model.scan_distribution import ScanDistribution, scale_from
from genmodels_ros.models.world_model.tracks import FEATURES, along_beams

TIME_STEP = 0.2  # [s]
LAGS = (1, 2, 4)  # steps back of the scans that show motion to the encoder
PARTS = ("tracks", "past", "movers", "memory", "latent")  # that can be left out, to see what they are worth
SPEED, TURN_RATE = 0.6, 1.5  # [m/s], [rad/s] that count as 1 in the network's inputs
RADIUS = 0.20  # [m] of the robot's footprint


@dataclass(frozen=True)
class State:
    """What the model remembers."""

    h: Tensor  # [B, H]
    z: Tensor  # [B, Z]
    twist: Tensor  # [B, 2] as driven, measured or predicted
    action: Tensor  # [B, 3] the last one

    def repeat(self, count: int) -> "State":
        """Each row `count` times, next to itself."""
        each = lambda values: values.repeat_interleave(count, 0)  # noqa: E731
        return State(each(self.h), each(self.z), each(self.twist), each(self.action))


@dataclass(frozen=True)
class Rollout:
    """A future: states and poses after each of T steps, poses in the frame of the robot at the anchor."""

    h: Tensor  # [B, T, H]
    z: Tensor  # [B, T, Z]
    told: Tensor  # [B, T] 1 where the action was a command, 0 where it was the motion itself
    poses: Tensor  # [B, T, 3]
    position_std: Tensor  # [B, T] m

    def at(self, steps: Tensor) -> "Rollout":
        """Some of the steps."""
        return Rollout(*(values[:, steps] for values in (self.h, self.z, self.told, self.poses, self.position_std)))


class ScanWorldModel(nn.Module):
    """All networks of the world model; `observe`, `imagine`, `decode` and `hazard` are its whole interface."""

    def __init__(
        self, beams: int = 180, memory: int = 128, latent: int = 32, channels: int = 32, sectors: int = 18,
        kind: str = "gaussian", without: Sequence[str] = (),
    ):  # fmt: skip
        """kind: of the latent, one of LATENTS; without: what an ablation leaves out, of PARTS."""
        super().__init__()
        refused = [name for name in (kind, *without) if name not in (*LATENTS, *PARTS)]
        if refused:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"The world model knows no {refused[0]!r}: latents are {', '.join(LATENTS)}, parts {', '.join(PARTS)}.",
            )
        self.config = {
            "beams": beams, "memory": memory, "latent": latent, "channels": channels, "sectors": sectors, "kind": kind,
            "without": list(without),
        }  # fmt: skip
        self.without_parts = frozenset(without)
        self.beams: Beams = circle(beams)
        self.memory, self.latent, self.sectors = memory, latent, sectors
        self.distribution = LATENTS[kind]
        state, told = memory + latent, self.distribution.num_parameters(latent)
        self.encoder = CircularNet(3 + 2 * len(LAGS) + FEATURES, channels)
        self.summary = mlp(channels * sectors + 2, memory, memory)
        self.motion = nn.Conv1d(channels, 1 + 2 * len(KNOTS), 1)
        self.cell = nn.GRUCell(latent + 3, memory)
        self.prior_net = mlp(memory, 64, told)
        self.posterior_net = mlp(2 * memory, memory, told)
        self.ego = mlp(state + 8, 64, 9)
        self.decoder_context = nn.Linear(state + 6, channels)
        self.decoder_sectors = nn.Linear(state, 2 * sectors)
        self.decoder = CircularNet(11, channels)
        self.decoder_output = CircularConv(channels, 5, 1)
        self.sketch_sectors = nn.Linear(state, channels * sectors)
        self.sketch_net = CircularNet(channels, channels)
        self.sketch_output = CircularConv(channels, 2, 1)
        self.collision = mlp(state + 10, 64, 64, 1)
        zero_(self.ego[-1]), zero_(self.decoder_output), zero_(self.motion), zero_(self.sketch_output)
        self.decoder_output.bias.data[:] = torch.tensor([0.0, 1.5, 0.0, 0.0, -2.5])
        self.sketch_output.bias.data[0] = 1.4
        self.motion.bias.data[0] = -3.0
        self.collision[-1].bias.data[0] = -4.0
        self.ego[-1].bias.data[:6] = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])

    @classmethod
    def from_config(cls, config: dict) -> "ScanWorldModel":
        return cls(**config)

    def initial(self, batch: int) -> State:
        """The state of a robot that has seen nothing."""
        zeros = self.prior_net[0].weight.new_zeros
        return State(zeros(batch, self.memory), zeros(batch, self.latent), zeros(batch, 2), zeros(batch, 3))

    def _has(self, part: str) -> float:
        return float(part not in self.without_parts)

    # Seeing

    def encode(self, fan: Fan, past: list[Fan], tracks: Tensor, twist: Tensor) -> tuple[Tensor, Motion]:
        """What the scan shows: a summary [B, H], and what moves.

        `past` are the scans LAGS steps ago, moved to the present pose by odometry: what differs has moved. `tracks`
        [B, N, FEATURES] is what a tracker knows of the cluster that each beam belongs to, 0 without one.
        """
        now, along = symlog(fan.ranges), directions(self.beams, fan.ranges)
        channels = [now / 2.5, fan.hit.to(now), fan.known.to(now)]
        for before in past:
            both = (before.known & fan.known).to(now) * self._has("past")
            channels += [both * (now - symlog(before.ranges)).clamp(-1, 1), both]
        followed, velocity = along_beams(tracks * self._has("tracks"), along)
        features = self.encoder(torch.cat([torch.stack(channels, dim=1), followed], dim=1))
        twist = twist / twist.new_tensor([SPEED, TURN_RATE])
        summary = self.summary(torch.cat([pool_sectors(features, self.sectors), twist], dim=-1))
        return summary, self._motion(self.motion(features), velocity, along)

    @staticmethod
    def _motion(output: Tensor, velocity: Tensor, along: Tensor) -> Motion:
        """The track's velocity held, plus what the network corrects: mean velocities up to each knot."""
        knots = output.new_tensor(KNOTS)
        radial, tangential = output[:, 1:].unflatten(1, (2, len(KNOTS))).transpose(2, 3).unbind(1)  # [B, N, K]
        across = torch.stack([-along[:, 1], along[:, 0]], dim=-1)
        correction = radial[..., None] * along[:, None] + tangential[..., None] * across[:, None]
        return Motion(output[:, 0], knots[:, None] * (velocity[:, :, None] + correction))

    def anchor(self, fan: Fan, nearest: Tensor, motion: Motion, past: list[Fan]) -> Anchor:
        """Where predictions start: the scan [B, N], parted into what moves and what stands still.

        nearest: range [B, N] of the nearest hit around each beam, FAR if none; past: earlier scans of what stands
        still, moved to the present pose, that know what is behind those who move and what is out of sight now.
        """
        moves = (motion.moving > MOVES) & fan.hit & bool(self._has("movers"))
        still = complete(without(fan, moves), past)
        path = torch.where(moves[..., None, None], motion.path, torch.zeros_like(motion.path)).detach()
        reach = torch.where(fan.known, nearest, torch.where(still.hit, still.ranges, torch.full_like(nearest, FAR)))
        return Anchor(still, without(fan, ~moves), reach[..., None] * directions(self.beams, nearest), path)

    def step(self, state: State, action: Tensor) -> tuple[Tensor, Latent]:
        """Memory h_t and prior p(z_t | h_t) after `action` [B, 3]: speed, turn rate, 1 if measured instead of told."""
        scale = action.new_tensor([SPEED, TURN_RATE, 1.0])
        z, memory = self._has("latent") * state.z, self._has("memory") * state.h
        h = self.cell(torch.cat([z, action / scale], dim=-1), memory)
        return h, self.distribution.from_parameters(self.prior_net(h))

    def observe(self, state: State, action: Tensor, summary: Tensor) -> tuple[Tensor, Latent, Latent]:
        """Memory h_t, prior p(z_t | h_t) and posterior q(z_t | h_t, x_t) of a step that ends with an observation."""
        h, prior = self.step(state, action)
        posterior = self.distribution.from_parameters(self.posterior_net(torch.cat([h, summary], dim=-1)))
        return h, prior, posterior

    # Dreaming

    def imagine(
        self, state: State, actions: Tensor, rng: torch.Generator | None = None, sample: bool = True
    ) -> Rollout:
        """The future under `actions` [B, T, 3] by the prior alone; its mean instead of a draw with sample=False."""
        hs, zs, twists, spreads = [], [], [], []
        for action in actions.unbind(1):
            h, prior = self.step(state, action)
            z = prior.sample(rng) if sample else prior.mean
            twist, spread = self.ego_motion(state, h, z, action)
            state = State(h, z, twist, action)
            hs.append(h), zs.append(z), twists.append(twist), spreads.append(spread)
        h, z, twist, spread = (torch.stack(items, 1) for items in (hs, zs, twists, spreads))
        return Rollout(h, z, 1 - actions[..., 2], planar.drive(twist, TIME_STEP), spread.cumsum(-1))

    def ego_motion(self, before: State, h: Tensor, z: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Mean twist [B, 2] of the step and how much it adds to the position's deviation [B].

        A weighted mean of the command, the one before and the last twist, plus a correction; measured actions are taken
        as driven.
        """
        scale = action.new_tensor([SPEED, TURN_RATE])
        candidates = torch.stack([action[:, :2], before.action[:, :2], before.twist], dim=1) / scale  # [B, 3, 2]
        flags = torch.stack([action[:, 2], before.action[:, 2]], dim=-1)
        output = self.ego(torch.cat([h, z, candidates.flatten(1), flags], dim=-1))
        weights = torch.softmax(output[:, :6].unflatten(1, (3, 2)), dim=1)
        driven = ((weights * candidates).sum(1) + 0.1 * output[:, 6:8]) * scale
        spread = 0.01 * nn.functional.softplus(output[:, 8])
        return torch.where(action[:, 2:] > 0.5, action[:, :2], driven), spread

    def decode(
        self, h: Tensor, z: Tensor, anchor: Anchor, motion: Tensor, age: Tensor, told: Tensor
    ) -> ScanDistribution:
        """The scan [B, N] at the pose `motion` [B, 3] in the anchor's frame, `age` [B] seconds after it.

        told [B]: 1 if the pose was predicted from commands, 0 if it was measured and is exact.
        """
        behind, stood, moved = self.layers(anchor, motion, age)
        base, onward, alone = (symlog(fill(fan.ranges, fan.known)) for fan in (stood, moved, behind))
        state = torch.cat([h, z], dim=-1)
        sectors = self._at_beams(self.decoder_sectors(state))
        channels = [
            base / 2.5, onward / 2.5, alone / 2.5, onward - base, alone - onward,
            stood.known.to(base), stood.hit.to(base), moved.known.to(base), behind.known.to(base),
        ]  # fmt: skip
        context = torch.cat([state, motion, motion[:, 2:].cos(), age[:, None], told[:, None]], dim=-1)
        features = self.decoder(torch.cat([torch.stack(channels, 1), sectors], dim=1), self.decoder_context(context))
        output = self.decoder_output(features)
        mix, correction = output[:, :3].softmax(1), output[:, 3]
        median = mix[:, 0] * base + mix[:, 1] * onward + mix[:, 2] * alone + correction
        return ScanDistribution(median, scale_from(output[:, 4]), mix.transpose(1, 2), correction)

    def layers(self, anchor: Anchor, motion: Tensor, age: Tensor) -> tuple[Fan, Fan, Fan]:
        """The anchor's scan from the pose `motion`: what stands still alone, all as it stood, and all moved on."""
        behind = warp(anchor.still, self.beams, motion)
        if not anchor.movers.known.any():
            return behind, behind, behind
        stood = warp(anchor.movers, self.beams, motion)
        moved = warp(anchor.movers, self.beams, motion, anchor.displacement(age))
        return behind, in_front(stood, behind), in_front(moved, behind)

    def sketch(self, h: Tensor, z: Tensor) -> ScanDistribution:
        """The scan [B, N] from the state alone, without any geometry: what the latent itself remembers."""
        state = torch.cat([h, z], dim=-1)
        output = self.sketch_output(self.sketch_net(self._at_beams(self.sketch_sectors(state))))
        nothing = torch.zeros_like(output[:, 0])
        return ScanDistribution(output[:, 0], scale_from(output[:, 1]), nothing[..., None].expand(-1, -1, 3), nothing)

    def _at_beams(self, values: Tensor) -> Tensor:
        """Values [B, C * sectors] at the beams of each sector [B, C, N]."""
        width = self.beams.count // self.sectors
        return values.unflatten(1, (-1, self.sectors)).repeat_interleave(width, -1)

    def hazard(self, rollout: Rollout, anchor: Anchor, twists: Tensor) -> Tensor:
        """Logits [B, T] of touching something in each step, given none before.

        The evidence: clearance now and one step on to the anchor's points, as they stood and as they move on.
        Anchors of one row serve all rollouts.
        """
        steps = rollout.poses.shape[1]
        times = TIME_STEP * torch.arange(1, steps + 1, device=twists.device, dtype=twists.dtype)
        still = clearance(rollout.poses, anchor.points[:, None])
        going = torch.einsum("tk,bnkc->btnc", knot_weights(times), anchor.path)
        moved = clearance(rollout.poses, anchor.points[:, None] + going)
        start = torch.cat([torch.zeros_like(still[:, :1]) + self._now(anchor), still[:, :-1]], dim=1)
        start_moved = torch.cat([torch.zeros_like(moved[:, :1]) + self._now(anchor), moved[:, :-1]], dim=1)
        near = torch.stack([still, moved, start, start_moved], dim=-1)
        evidence = torch.cat(
            [near.clamp(-0.3, 1.5), torch.exp(-near.clamp(min=-0.2) / 0.1), rollout.position_std[..., None],
             times.expand(rollout.poses.shape[0], -1)[..., None]], dim=-1
        )  # fmt: skip
        return self.collision(torch.cat([rollout.h, rollout.z, evidence], dim=-1)).squeeze(-1)

    @staticmethod
    def _now(anchor: Anchor) -> Tensor:
        return (anchor.points.norm(dim=-1).amin(-1, keepdim=True) - RADIUS).clamp(max=3.0)


@torch.no_grad()
def clearance(poses: Tensor, points: Tensor) -> Tensor:
    """Distance [B, T] from the footprint's rim at poses [B, T, 3] to the nearest of points [B or 1, T or 1, P, 2].

    Evidence, not a path for gradients: poses and velocities have their own losses.
    """
    squared = (poses[..., :1] - points[..., 0].contiguous()).square_()
    squared += (poses[..., 1:2] - points[..., 1].contiguous()).square_()
    return squared.amin(-1).clamp(min=1e-8).sqrt() - RADIUS


def cumulative(hazard_logits: Tensor) -> Tensor:
    """P(touched at or before each step) [B, T]: 1 - prod (1 - hazard), never falling."""
    survival = nn.functional.logsigmoid(-hazard_logits).cumsum(-1)
    return -torch.expm1(survival)
