"""What ties a repainted picture to its source, beside the discriminator: without it G may answer any x with any y.

contrastive   a patch of the result is nearer to the patch of the source in its place than to others (PatchNCE)
cycle         a second network finds the source again in the result (Zhu et al. 2017, one direction)
none          for generators that cannot move anything
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONSISTENCIES = ("contrastive", "cycle", "none")
TEMPERATURE = 0.07


def patch_nce(queries: Tensor, keys: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """InfoNCE over the patches of each image (Park et al. 2020, equation 3): queries, keys [B, P, C] of length 1.

    The key of a query's own place is the right one of P; log P for features that tell nothing.
    """
    similarities = queries @ keys.detach().transpose(1, 2) / temperature
    right = torch.arange(queries.shape[1], device=queries.device).expand(len(queries), -1)
    return F.cross_entropy(similarities.flatten(0, 1), right.flatten())


class Contrastive(nn.Module):
    """PatchNCE with an encoder of its own, learned beside the generator: three scales of patches, 4 to 30 pixels."""

    def __init__(self, width: int = 24, features: int = 48, patches: int = 64):
        super().__init__()
        self.patches = patches
        widths = (3, width, 2 * width, 2 * width)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(b, features), nn.ReLU(), nn.Linear(features, features)) for b in widths[1:]
        )

    def forward(self, source: Tensor, result: Tensor, rng: torch.Generator) -> Tensor:
        """Mean loss over the scales; images [B, 3, H, W] in [0, 1]."""
        pairs = zip(self._features(source), self._features(result), self.heads, strict=True)
        losses = []
        for before, after, head in pairs:
            places = before.shape[-1]
            chosen = torch.randperm(places, generator=rng)[: self.patches].to(before.device)
            keys, queries = (F.normalize(head(x[..., chosen].transpose(1, 2)), dim=-1) for x in (before, after))
            losses.append(patch_nce(queries, keys))
        return sum(losses) / len(losses)

    def _features(self, images: Tensor) -> list[Tensor]:
        """[B, C, places] of each scale."""
        h, found = images * 2 - 1, []
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.2)
            found.append(h.flatten(2))
        return found


class Cycle(nn.Module):
    """|| F(G(x)) - x ||_1, F a generator of one style, the source's, learned beside G."""

    def __init__(self, inverse: nn.Module):
        super().__init__()
        self.inverse = inverse

    def forward(self, source: Tensor, result: Tensor, rng: torch.Generator) -> Tensor:
        style = torch.zeros(len(result), dtype=torch.long, device=result.device)
        code = torch.zeros(len(result), self.inverse.latent, device=result.device)
        return F.l1_loss(self.inverse.transform(result, style, code).apply(result), source)


def make_consistency(name: str, inverse) -> nn.Module | None:
    """By name; `inverse()` makes the second generator of a cycle. Raises KeyError for an unknown name."""
    makers = {"contrastive": Contrastive, "cycle": lambda: Cycle(inverse()), "none": lambda: None}
    return makers[name]()
