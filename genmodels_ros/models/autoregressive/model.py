"""The autoregressive family: the chain rule, each factor a categorical distribution over tokens.

    log p(x) = sum_d log p(x_d | x_1, ..., x_{d-1}, c)

A number is a token of quantiser.py, so that a factor may have any shape, and the likelihood is exact. The network is a
causal transformer or MADE.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.autoregressive.decoding import Decoding
from genmodels_ros.models.autoregressive.made import MaskedAutoencoder
from genmodels_ros.models.autoregressive.quantiser import Quantiser
from genmodels_ros.models.autoregressive.transformer import CausalTransformer
from genmodels_ros.models.family import Family, FamilyConfig

NETWORKS = ("transformer", "made")


@dataclass(frozen=True)
class AutoregressiveConfig(FamilyConfig):
    """bins: tokens a number can be, two of them the tails beyond ± bound standard deviations, of mean excess `tail`.

    heads: of the transformer's attention, divides `width`.
    """

    network: str = "transformer"
    bins: int = 64
    bound: float = 3.5
    tail: float = 0.3
    width: int = 64
    layers: int = 2
    heads: int = 4

    def check(self) -> None:
        self.one_of("network", NETWORKS)
        self.within("bins", 3, 65_536)
        self.within("bound", 0.1, 1000.0)
        self.within("tail", 1e-3, 1000.0)
        self.within("width", 1, 8192)
        self.within("layers", 1, 64)
        self.one_of("heads", [h for h in range(1, self.width + 1) if self.width % h == 0])


class Autoregressive(Family):
    """Units: zero mean, unit variance."""

    Config = AutoregressiveConfig
    likelihood = "exact"

    def __init__(self, config: AutoregressiveConfig):
        super().__init__(config)
        D, C, K = config.dimension, config.condition_dimension, config.bins
        self.quantiser = Quantiser(K, config.bound, config.tail)
        if config.network == "made":
            self.network = MaskedAutoencoder(D, C, K, config.width, config.layers)
        else:
            reach = config.bound + config.tail
            self.network = CausalTransformer(D, C, K, config.width, config.layers, config.heads, reach)

    def logits(self, tokens: Tensor, condition: Tensor | None = None) -> Tensor:
        """[N, D, K] of tokens [N, D]; row d looks at tokens before d only."""
        return self.network(self.quantiser.middles(tokens), condition)

    def token_log_prob(self, tokens: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(token_d | tokens before) [N, D] of int64 [N, D]; of their sums evaluation/distribution/likelihood.py
        makes a perplexity."""
        log_p = self.logits(tokens, condition).log_softmax(dim=-1)
        return log_p.gather(-1, tokens[..., None])[..., 0]

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        tokens = self.quantiser.tokens(x)
        return (self.token_log_prob(tokens, condition) + self.quantiser.log_density(x, tokens)).sum(-1)

    def loss(self, x: Tensor, condition: Tensor | None, rng: torch.Generator) -> Tensor:
        return -self.log_prob(x, condition).mean()

    @torch.no_grad()
    def sample(
        self,
        n: int,
        condition: Tensor | None = None,
        *,
        rng: torch.Generator,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> Tensor:
        """n draws [n, D]; see `Decoding` for how."""
        tokens = self.sample_tokens(n, condition, Decoding(temperature, top_k, top_p), rng)
        return self.quantiser.draw(tokens, rng)

    @torch.no_grad()
    def sample_tokens(self, n: int, condition: Tensor | None, decoding: Decoding, rng: torch.Generator) -> Tensor:
        """int64 [n, D]."""
        cache, tokens = self.network.new_cache(), []
        values = self.quantiser.edges.new_empty(n, 0)
        for _ in range(self.config.dimension):
            tokens.append(decoding.draw(self.network.step(values, condition, cache), rng))
            values = torch.cat([values, self.quantiser.middles(tokens[-1])[:, None]], dim=1)
        return torch.stack(tokens, dim=1)
