"""A diffusion model over arm trajectories, conditioned on start, goal and any number of obstacles.

    x_0       [B, n, D]  the n interior control points of a B-spline over D joints, as the deviation from the straight
                         line between start and goal, divided by `scale` (about unit variance)
    x_t, eps, t          as in genmodels_ros.sampling
    Q, O                 queries and obstacles; B = Q x S where S samples share each query
    L, W                 layers and width

A transformer over the n control points: self-attention along the path, cross-attention to the query's memory (one token
an obstacle, one for start and goal). The memory's keys and values are computed once a query, not once a step or sample.
Step and query modulate every layer (Peebles & Xie 2023, adaLN-Zero; one modulation shared by the layers as in Chen et
al. 2023, PixArt-alpha).

What it predicts is a choice (`prediction`, see sampling/parameterisations.py), and so is the noise (`schedule`): v on a
cosine schedule is diffusion, flow on the flow schedule is flow matching.

Self-conditioning (Chen et al. 2023, "Analog Bits"), if `geometry_features` is not 0: the network also looks at its
estimate of x_0 of the step before and at the geometry of the robot there, which a function passed in computes; this
room knows no robots. For classifier-free guidance (Ho & Salimans 2022), if `condition_dropout` is not 0, it learns what
paths look like where the obstacles are not known.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from genmodels_ros.sampling.guidance import classifier_free_guidance
from genmodels_ros.sampling.parameterisations import coefficients, predicted, signal_and_noise
from genmodels_ros.sampling.reverse_process import Denoiser
from genmodels_ros.sampling.schedules import SCHEDULES

Geometry = Callable[[Tensor], Tensor]  # deviation [Q, S, n, D] rad -> features [Q, S, n, F]


@dataclass(frozen=True)
class Condition:
    """What the samples depend on, in the frame robots/paths/features.py makes.

    endpoints [Q, 2 D]: start and goal, scaled to [-1, 1] by the joint limits
    path_features [Q, n, F]: geometry at the n control points of the straight line
    obstacles [Q, O, K], obstacle_mask [Q, O]: one token an obstacle; False where a row is padding
    """

    endpoints: Tensor
    path_features: Tensor
    obstacles: Tensor
    obstacle_mask: Tensor

    def to(self, device: torch.device | str) -> "Condition":
        """The same condition on another device."""
        return Condition(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def twice(self) -> "Condition":
        """All queries, then all of them once more."""
        return Condition(**{f.name: torch.cat([getattr(self, f.name)] * 2) for f in fields(self)})


@dataclass(frozen=True)
class EncodedCondition:
    """The part of the network's work that is done once a query.

    query [Q, W]; path [Q, n, W]; keys, values: a layer each, [Q, heads, 1 + O, W / heads]; mask [Q, 1, 1, 1 + O]
    blind: [Q] bool, queries whose obstacles the network must not know
    """

    query: Tensor
    path: Tensor
    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    mask: Tensor
    blind: Tensor


class TrajectoryDiffusion(nn.Module):
    """forward(x_t, t, encoded, look) -> prediction; see the module's text for symbols."""

    def __init__(
        self,
        joints: int = 7,
        control_points: int = 12,
        path_features: int = 1,
        obstacle_features: int = 12,
        width: int = 128,
        layers: int = 4,
        heads: int = 4,
        diffusion_steps: int = 100,
        schedule: str = "cosine",
        prediction: str = "v",
        condition_dropout: float = 0.0,
        geometry_features: int = 0,
        **described,
    ):
        super().__init__()
        self.config = {k: v for k, v in locals().items() if k not in ("self", "described", "__class__")} | described
        self.schedule, self.prediction = SCHEDULES[schedule](diffusion_steps), prediction
        coefficients(prediction, *self.schedule.at(0, torch.ones(())))  # refuses an unknown name at once
        self.shape, self.heads, self.width = (control_points, joints), heads, width
        self.condition_dropout = condition_dropout
        self.register_buffer("scale", torch.ones(joints))
        self.position = nn.Parameter(0.02 * torch.randn(control_points, width))
        self.embed_x = nn.Linear(joints, width)
        self.embed_path = perceptron(path_features, width)
        self.embed_endpoints = perceptron(2 * joints, width)
        self.embed_obstacle = perceptron(obstacle_features, width)
        self.embed_step = perceptron(width, width)
        self.modulation = nn.Linear(width, 9 * width)
        self.layers = nn.ModuleList([Layer(width, heads) for _ in range(layers)])
        self.head = nn.Linear(width, joints)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        if condition_dropout > 0:
            self.unknown_path, self.unknown_obstacles = (nn.Parameter(0.02 * torch.randn(width)) for _ in range(2))
        self.embed_look = perceptron(joints + geometry_features, width) if geometry_features > 0 else None

    @classmethod
    def from_config(cls, config: dict) -> "TrajectoryDiffusion":
        """The network of a checkpoint's card; unknown keys (robot, joint names) are kept in `config`."""
        return cls(**config)

    @property
    def x_0_bound(self) -> float | None:
        """Nearly every |x_0| of the training data lies below it."""
        return self.config.get("x_0_bound")

    def encode(self, condition: Condition, blind: Tensor | None = None) -> EncodedCondition:
        """Everything that does not depend on x_t or t. blind: [Q] bool, for a network with condition_dropout."""
        query, path = self.embed_endpoints(condition.endpoints), self.embed_path(condition.path_features)
        known = condition.obstacle_mask
        ends = query
        if blind is None:
            blind = known.new_zeros(len(query))
        else:
            path = torch.where(blind[:, None, None], self.unknown_path.to(path.dtype), path)
            ends = query + blind[:, None] * self.unknown_obstacles
            known = known & ~blind[:, None]
        memory = torch.cat([ends[:, None], self.embed_obstacle(condition.obstacles)], dim=1)
        mask = torch.cat([known.new_ones(len(query), 1), known], dim=1)[:, None, None]
        keys, values = zip(*[layer.encode_memory(memory) for layer in self.layers], strict=True)
        return EncodedCondition(query, path, keys, values, mask, blind)

    def modulate(self, t: Tensor, query: Tensor) -> Tensor:
        """What steps t and queries [*, W] do to every layer: [*, L, 9, W]. t broadcasts with the queries' [*]."""
        shared = self.modulation(nn.functional.silu(self.embed_step(sinusoids(t, self.width)) + query))
        own = torch.stack([layer.modulation_bias for layer in self.layers])
        return shared.unflatten(-1, (1, 9, self.width)) + own

    def forward(self, x_t: Tensor, t: Tensor, encoded: EncodedCondition, look: Tensor | None = None) -> Tensor:
        """The prediction for x_t [B, n, D] at steps t [Q]; samples of one query are neighbours in the batch.

        look: [B, n, D + F] of `look_at`; None where there is no estimate yet.
        """
        return self.denoise(x_t, self.modulate(t, encoded.query), encoded, look)

    def denoise(self, x_t: Tensor, modulation: Tensor, encoded: EncodedCondition, look: Tensor | None) -> Tensor:
        """`forward`, given the modulation [Q, L, 9, W] of the step."""
        queries = len(encoded.query)
        h = self.embed_x(x_t) + self.position
        if look is not None:
            h = h + self.embed_look(look)
        h = h.unflatten(0, (queries, -1)) + encoded.path[:, None]
        for i, layer in enumerate(self.layers):
            h = layer(h, modulation[:, i].unbind(1), encoded.keys[i], encoded.values[i], encoded.mask)
        return self.head(layer_norm(h, (self.width,))).flatten(0, 1).to(x_t.dtype)

    def look_at(self, x_0: Tensor, geometry: Geometry, blind: Tensor) -> Tensor:
        """An estimate of x_0 [B, n, D] and the geometry there, [B, n, D + F]; no geometry for blind queries [Q]."""
        with torch.autocast(x_0.device.type, enabled=False):
            by_query = x_0.float().unflatten(0, (len(blind), -1))
            features = geometry(by_query * self.scale).masked_fill(blind[:, None, None, None], 0)
            return torch.cat([by_query, features], dim=-1).flatten(0, 1)

    def denoiser(
        self,
        condition: Condition,
        steps: Sequence[int],
        *,
        geometry: Geometry | None = None,
        guidance_scale: float = 1.0,
    ) -> Denoiser:
        """For sampling.reverse_process.sample, for batches [Q x S, n, D]: all that depends on the query and the steps
        alone is computed here, once.

        geometry: of these queries; a self-conditioned network needs it
        guidance_scale: of classifier-free guidance, for a network with condition_dropout; 1 is none, and costs nothing
        """
        guided = guidance_scale != 1.0 and self.condition_dropout > 0
        if guided:
            half = condition.obstacle_mask.new_zeros(len(condition.endpoints))
            encoded = self.encode(condition.twice(), blind=torch.cat([half, ~half]))
        else:
            encoded = self.encode(condition)
        t = torch.as_tensor(steps, device=encoded.query.device)[:, None]
        modulation = dict(zip(steps, self.modulate(t, encoded.query), strict=True))

        def denoiser(x_t: Tensor, t: int, x_0: Tensor | None) -> Tensor:
            looking = self.embed_look is not None and x_0 is not None
            look = self.look_at(x_0, geometry, encoded.blind) if looking else None
            return self.denoise(x_t, modulation[t], encoded, look)

        return classifier_free_guidance(denoiser, guidance_scale) if guided else denoiser

    def loss(
        self,
        x_0: Tensor,
        condition: Condition,
        rng: torch.Generator | None = None,
        geometry: Geometry | None = None,
    ) -> Tensor:
        """Mean of |p - p_theta(x_t, t)|² over steps and noise, in the network's own parameterisation p; a scalar.

        In terms of the error of x_0 that weighs step t by alpha² / sigma² for eps (Ho et al. 2020, eq. 14), 1 for x_0,
        (alpha² + sigma²)² / sigma² for v (Salimans & Ho 2022, "SNR + 1" where variance is preserved) and
        (alpha + sigma)² / sigma² for flow (Lipman et al. 2023). eps all but ignores the noisiest steps, where a sampler
        of few steps begins.

        rng: of the CPU, so that a seed means the same everywhere. geometry: of these queries; with it, half of the
        batches look at a first estimate made without gradients.
        """
        t = torch.randint(self.schedule.num_steps, (len(x_0),), generator=rng).to(x_0.device)
        eps = torch.randn(x_0.shape, generator=rng).to(x_0.device)
        blind = None
        if self.condition_dropout > 0 and self.training:
            blind = (torch.rand(len(x_0), generator=rng) < self.condition_dropout).to(x_0.device)
        x_t, level = self.schedule.forward_process(x_0, t, eps), self.schedule.at(t, x_0)
        encoded, look = self.encode(condition, blind), None
        modulation = self.modulate(t, encoded.query)
        if self.embed_look is not None and torch.rand((), generator=rng) < 0.5:
            with torch.no_grad():
                guess = self.denoise(x_t, modulation, encoded, None)
                estimate, _ = signal_and_noise(self.prediction, guess, x_t, *level)
                bound = self.x_0_bound
                look = self.look_at(
                    estimate if bound is None else estimate.clamp(-bound, bound), geometry, encoded.blind
                )
        prediction = self.denoise(x_t, modulation, encoded, look)
        return (predicted(self.prediction, x_0, eps, *level) - prediction).square().mean()


class Layer(nn.Module):
    """Self-attention over the path, cross-attention to the memory, perceptron; each scaled, shifted and gated."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.self_qkv, self.self_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.cross_q, self.cross_kv, self.cross_out = (nn.Linear(width, k * width) for k in (1, 2, 1))
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(approximate="tanh"), nn.Linear(3 * width, width))
        self.modulation_bias = nn.Parameter(torch.zeros(9, width))

    def encode_memory(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values [Q, heads, M, W / heads] of a memory [Q, M, W]."""
        return tuple(self.split_heads(part) for part in self.cross_kv(memory).chunk(2, dim=-1))

    def forward(self, h: Tensor, m: tuple[Tensor, ...], keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """h [Q, S, n, W] -> [Q, S, n, W], with the modulation m of nine [Q, W]."""
        qkv = self.self_qkv(modulated(h, m[0], m[1])).flatten(0, 1)
        q, k, v = (self.split_heads(part) for part in qkv.chunk(3, dim=-1))
        attended = merge_heads(scaled_dot_product_attention(q, k, v)).view(h.shape)
        h = gated(h, m[2], self.self_out(attended))
        # the samples of a query lie side by side in one sequence, so that they share its keys and values
        q = self.split_heads(self.cross_q(modulated(h, m[3], m[4])).flatten(1, 2))
        attended = merge_heads(scaled_dot_product_attention(q, keys, values, attn_mask=mask)).view(h.shape)
        h = gated(h, m[5], self.cross_out(attended))
        return gated(h, m[8], self.mlp(modulated(h, m[6], m[7])))

    def split_heads(self, x: Tensor) -> Tensor:
        """[B, M, W] -> [B, heads, M, W / heads]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[B, heads, M, W / heads] -> [B, M, W]."""
    return x.transpose(1, 2).flatten(2)


def modulated(h: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """h [Q, S, n, W] normalised, times 1 + scale [Q, W], plus shift [Q, W]; in one operation for a single query."""
    if len(scale) == 1:
        return layer_norm(h, h.shape[-1:], 1 + scale[0], shift[0])
    return torch.addcmul(shift[:, None, None], layer_norm(h, h.shape[-1:]), 1 + scale[:, None, None])


def gated(h: Tensor, gate: Tensor, change: Tensor) -> Tensor:
    """h [Q, S, n, W] plus a change of its shape times the gate [Q, W]."""
    return torch.addcmul(h, gate[:, None, None], change)


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """Two layers."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.SiLU(), nn.Linear(outputs, outputs))


def sinusoids(t: Tensor, width: int) -> Tensor:
    """[*] -> [*, width], wavelengths in geometric progression (Vaswani et al. 2017, section 3.5)."""
    frequencies = torch.exp(torch.arange(width // 2, device=t.device) * (-math.log(10_000.0) / (width // 2 - 1)))
    angles = t[..., None].float() * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
