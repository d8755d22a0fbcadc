"""The camera world model: what a camera will see, for any actions.

A variational autoencoder over sequences (the recurrent state-space model of Hafner et al. 2019) with explicit image
motion, as the scan model has explicit geometry:

    memory      h_t = GRU(h_{t-1}, [z_{t-1}, a_{t-1}, seconds])
    prior       z_t ~ p(z_t | h_t)                          imagine
    posterior   z_t ~ q(z_t | h_t, x_t, motion measured)    observe
    motion      the measured one times a gain, and quadratic fields, from (h_t, z_t), times the seconds they last
    decoder     x_t | h_t, z_t, the last image moved along the composed motion fields: what to keep of it, what to paint

The decoder paints coarse fields only (image_fields.py), so that sharpness comes from the image that was seen.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from genmodels_ros.models.camera_world_model.frame_encoder import GRID, MOTION_UNIT, TIME_STEP, Frame, FrameEncoder
from genmodels_ros.models.camera_world_model.image_fields import ImageFields
from genmodels_ros.models.camera_world_model.motion_field import (
    TERMS,
    compose,
    inside,
    motion_field,
    pixel_grid,
    sample,
)
from genmodels_ros.models.world_model.latent import Gaussian

MIN_SCALE = 0.01  # of the Laplace distribution, in units of the full range


@dataclass(frozen=True)
class State:
    """What the model remembers."""

    h: Tensor  # [B, H]
    z: Tensor  # [B, Z]

    def repeat(self, count: int) -> "State":
        """Each row `count` times, next to itself."""
        return State(self.h.repeat_interleave(count, 0), self.z.repeat_interleave(count, 0))


@dataclass(frozen=True)
class Anchor:
    """The last image seen, from which predictions start, on the coarse grid."""

    motion: Tensor  # [B, 2 + K, h, w]: flow measured a TIME_STEP, and the weights of the quadratic fields
    appearance: Tensor  # [B, A, h, w] features and mean colours

    def repeat(self, count: int) -> "Anchor":
        """Each row `count` times, next to itself."""
        return Anchor(self.motion.repeat_interleave(count, 0), self.appearance.repeat_interleave(count, 0))


@dataclass(frozen=True)
class Rollout:
    """A future: states after each of T steps, and where each step's image comes from in the anchor."""

    h: Tensor  # [B, T, H]
    z: Tensor  # [B, T, Z]
    flow: Tensor  # [B, T, 2, h, w] from each step's image to the one before
    positions: Tensor  # [B, T, 2, h, w] in the anchor
    age: Tensor  # [B, T] s since the anchor


class ImageWorldModel(nn.Module):
    """All networks of the camera world model."""

    def __init__(self, memory: int = 160, latent: int = 32, channels: int = 32, layers: int = 3):
        super().__init__()
        self.config = {"memory": memory, "latent": latent, "channels": channels, "layers": layers}
        self.memory, self.latent, self.layers = memory, latent, layers
        self.encoder = FrameEncoder(channels, memory)
        self.anchor_net = nn.Sequential(
            nn.Conv2d(self.encoder.map_channels + 2, channels, 3, padding=1), nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.SiLU(),
        )  # fmt: skip
        self.anchor_weights = nn.Conv2d(channels, layers - 1, 1)
        self.cell = nn.GRUCell(latent + 3, memory)
        self.prior_net = nn.Sequential(nn.Linear(memory, 96), nn.SiLU(), nn.Linear(96, 2 * latent))
        self.posterior_net = nn.Sequential(nn.Linear(2 * memory, memory), nn.SiLU(), nn.Linear(memory, 2 * latent))
        self.motion_net = nn.Sequential(
            nn.Linear(memory + latent, 96), nn.SiLU(), nn.Linear(96, 2 + layers * 2 * TERMS)
        )  # fmt: skip
        self.context = nn.Linear(memory + latent + 1, channels)
        self.decoder_input = nn.Conv2d(channels + 3 + 5, channels, 3, padding=1)
        self.decoder = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=d, dilation=d) for d in (2, 4))
        self.decoder_output = nn.Conv2d(channels, 10, 3, padding=1)
        for layer in (self.motion_net[-1], self.decoder_output):
            nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
        self.decoder_output.bias.data[2], self.decoder_output.bias.data[9] = 3.0, -2.0

    @classmethod
    def from_config(cls, config: dict) -> "ImageWorldModel":
        return cls(**config)

    def initial(self, batch: int) -> State:
        """The state of a robot that has seen nothing."""
        zeros = self.prior_net[0].weight.new_zeros
        return State(zeros(batch, self.memory), zeros(batch, self.latent))

    # Seeing

    def anchor(self, frame: Frame, images: Tensor) -> Anchor:
        """Where predictions start: images [B, 3, 64, 80] in [0, 1] and what the encoder made of them."""
        grid = pixel_grid(*GRID, images).expand(len(images), -1, -1, -1)
        features = self.anchor_net(torch.cat([frame.maps, grid], dim=1))
        near = torch.sigmoid(self.anchor_weights(features))
        colours = nn.functional.adaptive_avg_pool2d(images, GRID)
        motion = torch.cat([frame.motion.rate, torch.ones_like(near[:, :1]), near], 1)
        return Anchor(motion, torch.cat([features, colours], 1))

    def step(self, state: State, action: Tensor, seconds: Tensor) -> tuple[Tensor, Gaussian]:
        """Memory h_t and prior p(z_t | h_t) after `action` [B, 2] (throttle, left turn) held for `seconds` [B]."""
        interval = (seconds / TIME_STEP).clamp(max=20)[:, None]
        h = self.cell(torch.cat([state.z, action, interval.log1p()], dim=-1), state.h)
        return h, Gaussian.from_parameters(self.prior_net(h))

    def observe(
        self, state: State, action: Tensor, seconds: Tensor, summary: Tensor
    ) -> tuple[Tensor, Gaussian, Gaussian]:
        """Memory h_t, prior p(z_t | h_t) and posterior q(z_t | h_t, x_t) of a step that ends with an image."""
        h, prior = self.step(state, action, seconds)
        posterior = Gaussian.from_parameters(self.posterior_net(torch.cat([h, summary], dim=-1)))
        return h, prior, posterior

    # Dreaming

    def flow(self, h: Tensor, z: Tensor, motion: Tensor, seconds: Tensor) -> Tensor:
        """Flow [B, 2, h, w] of a step of `seconds` [B]. motion: the anchor's [B, 2 + K, h, w], where it is now."""
        output = self.motion_net(torch.cat([h, z], dim=-1))
        gain, coefficients = 1 + 0.3 * output[:, :2], output[:, 2:].unflatten(-1, (self.layers, 2, TERMS))
        rate = gain[..., None, None] * motion[:, :2] + MOTION_UNIT * motion_field(motion[:, 2:], coefficients)
        return rate * (seconds / TIME_STEP)[:, None, None, None]

    def move(self, h: Tensor, z: Tensor, anchor: Anchor, seconds: Tensor, positions: Tensor | None = None):
        """Flow of a step and the positions in the anchor after it, both [B, 2, h, w]; positions before it or None."""
        if positions is None:
            flow = self.flow(h, z, anchor.motion, seconds)
            return flow, pixel_grid(*GRID, flow) + flow
        flow = self.flow(h, z, sample(anchor.motion, positions, padding="border"), seconds)
        return flow, compose(positions, flow)

    def imagine(
        self, state: State, anchor: Anchor, actions: Tensor, seconds: Tensor, rng: torch.Generator | None = None,
        sample: bool = True,
    ) -> Rollout:  # fmt: skip
        """The future under `actions` [B, T, 2], each held for `seconds` [B, T], by the prior alone.

        Its mean instead of a draw with sample=False.
        """
        hs, zs, flows, places, positions = [], [], [], [], None
        for action, duration in zip(actions.unbind(1), seconds.unbind(1), strict=True):
            h, prior = self.step(state, action, duration)
            state = State(h, prior.sample(rng) if sample else prior.mean)
            flow, positions = self.move(h, state.z, anchor, duration, positions)
            hs.append(h), zs.append(state.z), flows.append(flow), places.append(positions)
        h, z, flow, places = (torch.stack(items, 1) for items in (hs, zs, flows, places))
        return Rollout(h, z, flow, places, seconds.cumsum(1))

    def decode(self, h: Tensor, z: Tensor, anchor: Anchor, positions: Tensor, age: Tensor) -> ImageFields:
        """The image `age` [B] seconds after the anchor, whose pixels came along `positions` [B, 2, h, w]."""
        grid = pixel_grid(*GRID, positions).expand(len(positions), -1, -1, -1)
        appearance = sample(anchor.appearance, positions, padding="border")
        geometry = torch.cat([grid, positions - grid, inside(positions)], dim=1)
        context = self.context(torch.cat([h, z, age[:, None]], dim=-1))
        x = silu(self.decoder_input(torch.cat([appearance, geometry], dim=1)) + context[..., None, None])
        for layer in self.decoder:
            x = x + silu(layer(x))
        shift, keep, paint, residual, scale = self.decoder_output(x).split((2, 1, 3, 3, 1), dim=1)
        return ImageFields(
            positions + MOTION_UNIT * shift,
            torch.sigmoid(keep),
            appearance[:, -3:] + 0.5 * paint,
            0.2 * residual,
            MIN_SCALE + 0.5 * nn.functional.softplus(scale),
        )
