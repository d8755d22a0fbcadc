"""A causal transformer (Vaswani et al. 2017; blocks normalised before, as in GPT-2): logits i look at values before i.

The sequence is [condition, x_1, ..., x_{D-1}] and gives the logits of x_1, ..., x_D. When one number is drawn after the
other, the keys and values of the numbers before are kept (the KV cache): each step costs one position instead of all.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from genmodels_ros.models.family import perceptron

OCTAVES = 6  # sines and cosines of a value, from one wave over its range to 2^5 (Tancik et al. 2020)

Cache = list[tuple[Tensor, Tensor] | None]  # of every block: keys and values [N, heads, i, width / heads]


class CausalTransformer(nn.Module):
    """values [N, D], condition [N, C] or None → logits [N, D, K]; values are about -reach to reach."""

    def __init__(
        self,
        dimension: int,
        condition_dimension: int,
        outputs: int,
        width: int,
        layers: int,
        heads: int,
        reach: float,
    ):
        super().__init__()
        self.positions = nn.Parameter(0.02 * torch.randn(dimension, width))
        self.start = perceptron(condition_dimension, width, width, 1) if condition_dimension else None
        self.embedding = nn.Linear(1 + 2 * OCTAVES, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, outputs))
        nn.init.zeros_(self.head[1].weight)
        nn.init.zeros_(self.head[1].bias)
        self.register_buffer("waves", math.pi / reach * 2.0 ** torch.arange(OCTAVES), persistent=False)
        self.reach = reach

    def forward(self, values: Tensor, condition: Tensor | None) -> Tensor:
        h = torch.cat([self._prefix(values, condition), self._embedded(values[:, :-1])], dim=1) + self.positions
        for block in self.blocks:
            h, _ = block(h)
        return self.head(h)

    def new_cache(self) -> Cache:
        """Of nothing yet."""
        return [None] * len(self.blocks)

    def step(self, values: Tensor, condition: Tensor | None, cache: Cache) -> Tensor:
        """Logits [N, K] of the number that follows values [N, i]; `cache`, of i steps before, grows by this one."""
        i = values.shape[1]
        h = (self._prefix(values, condition) if i == 0 else self._embedded(values[:, -1:])) + self.positions[i]
        for number, block in enumerate(self.blocks):
            h, cache[number] = block(h, cache[number])
        return self.head(h[:, 0])

    def _prefix(self, values: Tensor, condition: Tensor | None) -> Tensor:
        """[N, 1, width]: the condition, or nothing."""
        if condition is None:
            return values.new_zeros(len(values), 1, self.positions.shape[1])
        return self.start(condition)[:, None]

    def _embedded(self, values: Tensor) -> Tensor:
        """[N, i, width]: neighbouring values resemble each other from the start."""
        angles = values[..., None] * self.waves
        return self.embedding(torch.cat([values[..., None] / self.reach, angles.sin(), angles.cos()], dim=-1))


class Block(nn.Module):
    """Attention among what came before, then a perceptron; each adds to its input."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, h: Tensor, past: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """h [N, i, width], and the keys and values so far; with a `past`, h is the one position that follows it."""
        split = self.query_key_value(self.before_attention(h)).unflatten(-1, (3, self.heads, -1))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # [N, heads, i, width / heads] each
        if past is not None:
            k, v = (torch.cat([before, now], dim=2) for before, now in zip(past, (k, v), strict=True))
        attended = functional.scaled_dot_product_attention(q, k, v, is_causal=past is None)
        h = h + self.out(attended.transpose(1, 2).flatten(2))
        return h + self.perceptron(self.before_perceptron(h)), (k, v)
