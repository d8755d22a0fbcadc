"""How a token is drawn from logits [N, K]: sharper by temperature, cut off by top-k and top-p.

top_p is nucleus sampling (Holtzman et al. 2020): the smallest set of tokens that holds at least that probability.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError


@dataclass(frozen=True)
class Decoding:
    """temperature: 1 for the model's own probabilities, 0 for the likeliest token; top_k: 0 for all; top_p: 1 for all.

    Raises GenModelsError(INVALID_CONFIG) for a value outside.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self):
        if not (0 <= self.temperature <= 100 and self.top_k >= 0 and 0 < self.top_p <= 1):
            raise GenModelsError(
                ErrorCode.INVALID_CONFIG,
                "temperature must lie in 0 to 100, top_k be 0 or more, top_p above 0 and at most 1, "
                f"got {self.temperature}, {self.top_k}, {self.top_p}.",
            )

    def probabilities(self, logits: Tensor) -> Tensor:
        """[N, K], each row's sum 1: temperature first, then top-k, then top-p among what is left."""
        if self.temperature == 0:
            return torch.zeros_like(logits).scatter(1, logits.argmax(dim=1, keepdim=True), 1.0)
        logits = logits / self.temperature
        if 0 < self.top_k < logits.shape[1]:
            kept = torch.zeros_like(logits, dtype=torch.bool).scatter(1, logits.topk(self.top_k).indices, True)
            logits = logits.masked_fill(~kept, -torch.inf)
        probabilities = logits.softmax(dim=1)
        return probabilities if self.top_p == 1 else nucleus(probabilities, self.top_p)

    def draw(self, logits: Tensor, rng: torch.Generator) -> Tensor:
        """int64 [N]."""
        return torch.multinomial(self.probabilities(logits).cpu(), 1, generator=rng)[:, 0].to(logits.device)


def nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """[N, K] of the likeliest tokens whose sum reaches top_p, 0 elsewhere, rows again of sum 1."""
    ordered, order = probabilities.sort(dim=1, descending=True, stable=True)
    before = ordered.cumsum(dim=1) - ordered
    kept = torch.where(before < top_p, ordered, 0.0)
    chosen = torch.zeros_like(probabilities).scatter(1, order, kept)
    return chosen / chosen.sum(dim=1, keepdim=True)
