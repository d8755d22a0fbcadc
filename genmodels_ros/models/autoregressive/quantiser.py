"""Numbers as tokens and back: equal bins between two bounds, an exponential tail on either side.

A density over tokens is then one over numbers, exactly, and finite for every real number:

    log p(x) = log p(token) - log h                            inside, h the width of a bin
    log p(x) = log p(token) - log tau - (|x| - bound) / tau    in a tail
"""

import math

import torch
from torch import Tensor, nn


class Quantiser(nn.Module):
    """`bins` tokens: the first and the last are the tails, beyond ± `bound`, of mean excess `tail`."""

    def __init__(self, bins: int, bound: float, tail: float):
        super().__init__()
        self.bins, self.bound, self.tail = bins, bound, tail
        self.register_buffer("edges", torch.linspace(-bound, bound, bins - 1), persistent=False)

    @property
    def bin_width(self) -> float:
        """h."""
        return 2 * self.bound / (self.bins - 2)

    def tokens(self, x: Tensor) -> Tensor:
        """int64, of the shape of x; a number on an edge belongs to the bin above."""
        return torch.bucketize(x, self.edges, right=True)

    def log_density(self, x: Tensor, tokens: Tensor) -> Tensor:
        """log p(x | token), of the shape of x."""
        in_tail = -math.log(self.tail) - (x.abs() - self.bound) / self.tail
        return torch.where(self._is_tail(tokens), in_tail, -math.log(self.bin_width))

    def draw(self, tokens: Tensor, rng: torch.Generator) -> Tensor:
        """A number of each token: even within a bin, exponential in a tail."""
        u = torch.rand(tokens.shape, generator=rng, dtype=self.edges.dtype).to(tokens.device)
        inside = self.edges[(tokens - 1).clamp(0, self.bins - 3)] + self.bin_width * u
        beyond = self._side(tokens) * (self.bound - self.tail * torch.log1p(-u))
        return torch.where(self._is_tail(tokens), beyond, inside)

    def middles(self, tokens: Tensor) -> Tensor:
        """The mean of each token, what a network is shown of it."""
        inside = self.edges[(tokens - 1).clamp(0, self.bins - 3)] + self.bin_width / 2
        return torch.where(self._is_tail(tokens), self._side(tokens) * (self.bound + self.tail), inside)

    def _is_tail(self, tokens: Tensor) -> Tensor:
        return (tokens == 0) | (tokens == self.bins - 1)

    def _side(self, tokens: Tensor) -> Tensor:
        return torch.where(tokens == 0, -1.0, 1.0).to(self.edges.dtype)
