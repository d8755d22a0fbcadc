"""Where a mixture starts from: k-means++ (Arthur & Vassilvitskii 2007), improved by Lloyd's rounds."""

import torch
from torch import Tensor

ROUNDS = 20  # of Lloyd's, at most


def k_means(data: Tensor, clusters: int, rng: torch.Generator) -> Tensor:
    """The cluster [N], 0 to clusters - 1, of each row of data [N, J]; rows that coincide may leave some empty."""
    centres = spread_centres(data, clusters, rng)
    nearest = torch.cdist(data, centres).argmin(dim=1)
    for _ in range(ROUNDS):
        member = torch.nn.functional.one_hot(nearest, clusters).to(data)
        count = member.sum(0)[:, None]
        centres = torch.where(count > 0, member.mT @ data / count.clamp(min=1), centres)
        before, nearest = nearest, torch.cdist(data, centres).argmin(dim=1)
        if torch.equal(before, nearest):
            break
    return nearest


def spread_centres(data: Tensor, clusters: int, rng: torch.Generator) -> Tensor:
    """k-means++: rows [clusters, J], each drawn with chances as the squared distance to the nearest one before."""
    chosen = [int(torch.randint(len(data), (1,), generator=rng))]
    gap = (data - data[chosen[0]]).square().sum(1)
    while len(chosen) < clusters:
        chances = gap.cpu() if gap.max() > 0 else torch.ones(len(data), dtype=data.dtype)
        chosen.append(int(torch.multinomial(chances, 1, generator=rng)))
        gap = torch.minimum(gap, (data - data[chosen[-1]]).square().sum(1))
    return data[chosen]
