"""A diffusion model over arm trajectories, conditioned on start, goal and any number of obstacles.

    x_0       [B, n, D]  the n interior control points of a B-spline over D joints, as the deviation from the straight
                         line between start and goal, divided by `scale` (about unit variance)
    x_t, eps, t          as in genmodels_ros.sampling
    Q, O                 queries and obstacles; B = Q x S where S samples share each query

A transformer over the n control points: self-attention along the path, cross-attention to the query's memory (one token
an obstacle, one for start and goal). The memory's keys and values are computed once a query, not once a step or sample.
Step and query modulate every layer (Peebles & Xie 2023, adaLN-Zero; one modulation shared by the layers as in Chen et
al. 2023, PixArt-alpha). The network speaks noise, eps = E[eps | x_t], to samplers and in its loss; inside it predicts
v = sqrt(alpha_bar_t) eps - sqrt(1 - alpha_bar_t) x_0 (Salimans & Ho 2022), which stays well conditioned where x_t is
nearly pure noise, so that few sampling steps do.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from genmodels_ros.sampling.schedules import SCHEDULES


@dataclass(frozen=True)
class Condition:
    """What the samples depend on, in the frame robots/features.py makes.

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


@dataclass(frozen=True)
class EncodedCondition:
    """The part of the network's work that is done once a query.

    query [Q, W]; path [Q, n, W]; keys, values: a layer each, [Q, heads, 1 + O, W / heads]; mask [Q, 1, 1, 1 + O]
    """

    query: Tensor
    path: Tensor
    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    mask: Tensor


class TrajectoryDiffusion(nn.Module):
    """forward(x_t, t, encoded) -> eps; see the module's text for symbols."""

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
        **described,
    ):
        super().__init__()
        self.config = {k: v for k, v in locals().items() if k not in ("self", "described", "__class__")} | described
        self.schedule = SCHEDULES[schedule](diffusion_steps)
        self.shape, self.heads, self.width = (control_points, joints), heads, width
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

    @classmethod
    def from_config(cls, config: dict) -> "TrajectoryDiffusion":
        """The network of a checkpoint's card; unknown keys (robot, joint names) are kept in `config`."""
        return cls(**config)

    def encode(self, condition: Condition) -> EncodedCondition:
        """Everything that does not depend on x_t or t."""
        query = self.embed_endpoints(condition.endpoints)
        memory = torch.cat([query[:, None], self.embed_obstacle(condition.obstacles)], dim=1)
        present = condition.obstacle_mask.new_ones(len(query), 1)
        mask = torch.cat([present, condition.obstacle_mask], dim=1)[:, None, None]
        keys, values = zip(*[layer.encode_memory(memory) for layer in self.layers], strict=True)
        return EncodedCondition(query, self.embed_path(condition.path_features), keys, values, mask)

    def forward(self, x_t: Tensor, t: Tensor, encoded: EncodedCondition) -> Tensor:
        """The noise in x_t [B, n, D] at steps t [B]; samples of one query are neighbours in the batch."""
        samples = len(x_t) // len(encoded.query)
        query = self.embed_step(sinusoids(t, self.width)) + encoded.query.repeat_interleave(samples, 0)
        modulation = self.modulation(nn.functional.silu(query))[:, None].chunk(9, dim=-1)
        h = self.embed_x(x_t) + encoded.path.repeat_interleave(samples, 0) + self.position
        for layer, keys, values in zip(self.layers, encoded.keys, encoded.values, strict=True):
            h = layer(h, modulation, keys, values, encoded.mask)
        v = self.head(layer_norm(h, (self.width,))).to(x_t.dtype)
        alpha_bar_t = self.schedule.alpha_bar_at(t, x_t)
        return alpha_bar_t.sqrt() * v + (1 - alpha_bar_t).sqrt() * x_t

    def loss(self, x_0: Tensor, condition: Condition, rng: torch.Generator | None = None) -> Tensor:
        """Noise prediction, mean of weight(t) |eps - eps_theta(x_t, t)|² (Ho et al. eq. 12), a scalar.

        weight = 1 / alpha_bar_t. Ho et al. choose 1, which all but ignores the noisiest steps; there the error in x_0
        is the error in eps divided by sqrt(alpha_bar_t), and a sampler of few steps begins there. rng: of the CPU, so
        that a seed means the same everywhere.
        """
        t = torch.randint(self.schedule.num_steps, (len(x_0),), generator=rng).to(x_0.device)
        eps = torch.randn(x_0.shape, generator=rng).to(x_0.device)
        x_t = self.schedule.forward_process(x_0, t, eps)
        weight = 1 / self.schedule.alpha_bar_at(t, x_0)
        return (weight * (eps - self(x_t, t, self.encode(condition))).square()).mean()


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

    def forward(self, h: Tensor, modulation: tuple[Tensor, ...], keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        """h [B, n, W] -> [B, n, W]."""
        m = [shared + own for shared, own in zip(modulation, self.modulation_bias, strict=True)]
        q, k, v = (self.split_heads(part) for part in self.self_qkv(modulated(h, m[0], m[1])).chunk(3, dim=-1))
        h = h + m[2] * self.self_out(merge_heads(scaled_dot_product_attention(q, k, v)))
        # the samples of a query lie side by side in one sequence, so that they share its keys and values
        q = self.split_heads(self.cross_q(modulated(h, m[3], m[4])).reshape(len(keys), -1, h.shape[-1]))
        attended = merge_heads(scaled_dot_product_attention(q, keys, values, attn_mask=mask))
        h = h + m[5] * self.cross_out(attended).reshape(h.shape)
        return h + m[8] * self.mlp(modulated(h, m[6], m[7]))

    def split_heads(self, x: Tensor) -> Tensor:
        """[B, M, W] -> [B, heads, M, W / heads]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[B, heads, M, W / heads] -> [B, M, W]."""
    return x.transpose(1, 2).flatten(2)


def modulated(h: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Normalised, scaled and shifted."""
    return layer_norm(h, h.shape[-1:]) * (1 + scale) + shift


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """Two layers."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.SiLU(), nn.Linear(outputs, outputs))


def sinusoids(t: Tensor, width: int) -> Tensor:
    """[B] -> [B, width], wavelengths in geometric progression (Vaswani et al. 2017, section 3.5)."""
    frequencies = torch.exp(torch.arange(width // 2, device=t.device) * (-math.log(10_000.0) / (width // 2 - 1)))
    angles = t[:, None].float() * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
